/** How long to wait before something that failed is tried again: longer each time, up to a limit. Pure; any thread. */

export class BackOff {
  private readonly firstMs: number;
  private readonly mostMs: number;
  private nextMs: number;

  constructor(firstMs: number, mostMs: number) {
    this.firstMs = firstMs;
    this.mostMs = mostMs;
    this.nextMs = firstMs;
  }

  /** It failed again. Returns the time to wait. */
  failed(): number {
    const delayMs = this.nextMs;
    this.nextMs = Math.min(this.nextMs * 2, this.mostMs);
    return delayMs;
  }

  succeeded(): void {
    this.nextMs = this.firstMs;
  }
}
