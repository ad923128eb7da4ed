/** How to take back what was started, step by step, last first. A step that fails keeps no other from being taken back. Any thread. */
export class UndoStack {
  private readonly steps: (() => unknown)[] = [];

  /** `step`: takes back what is about to be started. It must have a deadline of its own. */
  add(step: () => unknown): void {
    this.steps.push(step);
  }

  /** Takes everything back. Never throws; a second call has nothing to do. */
  async run(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step();
      } catch {
        // What is left of it does not matter: the rest has to go as well.
      }
    }
  }
}
