/**
 * Answers marks as ACS's .NET beta does: `Completed` when the audio that carries one has been played, `Cancelled` when StopAudio took
 * it away. Main thread. Invariant: a mark is answered at most once, in the order in which they came, and none after `drop`.
 */
import { type TimerWheel, WheelItem } from '../base/timer-wheel.ts';

export type MarkStatus = 'Completed' | 'Cancelled';

/** Of one call, at a time. Those beyond are not answered. */
const waitingMax = 1000;

export class MarkAnswers extends WheelItem {
  private readonly wheel: TimerWheel;
  private readonly clock: () => number;
  private readonly answer: (id: string, status: MarkStatus) => void;
  private waiting: { readonly id: string; readonly playedAt: number }[] = [];

  constructor(wheel: TimerWheel, clock: () => number, answer: (id: string, status: MarkStatus) => void) {
    super();
    this.wheel = wheel;
    this.clock = clock;
    this.answer = answer;
  }

  add(id: string, playedAt: number): void {
    if (this.waiting.length >= waitingMax) return;
    this.waiting.push({ id, playedAt });
    if (this.waiting.length === 1) this.wheel.schedule(this, playedAt);
  }

  override visit(): void {
    const now = this.clock();
    while (this.waiting.length > 0 && this.waiting[0]!.playedAt <= now) {
      this.answer(this.waiting.shift()!.id, 'Completed');
    }
    if (this.waiting.length > 0) this.wheel.schedule(this, this.waiting[0]!.playedAt);
  }

  /** StopAudio: what has been played by now is completed all the same. */
  cancel(): void {
    this.visit();
    const cancelled = this.waiting;
    this.drop();
    for (const { id } of cancelled) this.answer(id, 'Cancelled');
  }

  drop(): void {
    this.waiting = [];
    this.wheel.cancel(this);
  }
}

export function markMessage(id: string, status: MarkStatus): string {
  return JSON.stringify({ kind: 'MarkData', markData: { id, status } });
}
