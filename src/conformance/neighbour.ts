/**
 * Another call, played at the pace of a real one while scenarios run: do they cut it off or delay it? Main thread. The delay is
 * the round trip of a ping, minus this process's own lateness. Invariant: findings between two calls of `take` happened
 * between them.
 */
import { frameDurationMs } from '../base/limits.ts';
import type { Call } from './call.ts';
import { Ended, type Finding } from './finding.ts';
import { callHeaders, Kit, type KitOptions } from './kit.ts';
import { graceMs } from './timing.ts';

const framesPerPing = 3;

export interface Disturbance {
  /** Why it ended, as the end of "the server …"; null while it is open. */
  readonly ending: string | null;
  /** The longest delay that the server caused. */
  readonly heldUpMs: number;
}

export class Neighbour {
  private readonly kit: Kit;
  private readonly call: Call;
  private readonly timer: NodeJS.Timeout;
  private dueMs = performance.now();
  private ticks = 0;
  private worstMs = 0;
  /** This process's greatest lateness since the ping in flight, or the last one. */
  private ownLateMs = 0;
  /** When the unanswered ping was sent. */
  private pingedMs: number | null = null;

  private constructor(kit: Kit, call: Call) {
    this.kit = kit;
    this.call = call;
    this.timer = setInterval(() => this.tick(), frameDurationMs);
  }

  /** What is wrong if a call cannot continue while others come, else null. */
  static async start(options: KitOptions): Promise<Neighbour | Finding> {
    const kit = new Kit(options);
    const others = new Kit(options);
    try {
      const call = await kit.call({}, 'a call beside the others');
      const other = await others.dial({ callHeaders: callHeaders(options.nextIdentity()) });
      await call.link.ended(2 * graceMs(options.timing));
      if (other.link === null) {
        const verdict = other.status === 503 || other.status === 429 ? 'warn' : 'fail';
        kit.end();
        return { verdict, seen: `a second call beside the first was not let in: the server ${other.seen}` };
      }
      if (call.link.ending !== null) {
        kit.end();
        return { verdict: 'fail', seen: `a second call cut off the first: the server ${call.link.ending.seen}` };
      }
      return new Neighbour(kit, call);
    } catch (error) {
      kit.end();
      if (error instanceof Ended) return error.finding;
      throw error;
    } finally {
      others.end();
    }
  }

  private tick(): void {
    const nowMs = performance.now();
    this.ownLateMs = this.lateMs(nowMs);
    const due = Math.max(1, Math.round((nowMs - this.dueMs) / frameDurationMs));
    this.dueMs = nowMs;
    if (!this.call.link.isOpen) return;
    this.call.speak(due);
    if (this.ticks++ % framesPerPing !== 0 || this.pingedMs !== null || !this.kit.facts.answersPings) return;
    this.pingedMs = nowMs;
    this.ownLateMs = 0;
    this.call.link.ping(2 ** 30).then((ms) => {
      this.pingedMs = null;
      if (ms !== null) this.worstMs = Math.max(this.worstMs, ms - this.lateMs(performance.now()));
    });
  }

  private lateMs(nowMs: number): number {
    return Math.max(this.ownLateMs, nowMs - this.dueMs - frameDurationMs);
  }

  /** What happened since the last time. */
  take(): Disturbance {
    const nowMs = performance.now();
    const isOnItsWay = this.pingedMs !== null && this.call.link.isOpen;
    const openMs = isOnItsWay ? nowMs - this.pingedMs! - this.lateMs(nowMs) : 0;
    const heldUpMs = Math.max(0, this.worstMs, openMs);
    this.worstMs = 0;
    return { ending: this.call.link.ending?.seen ?? null, heldUpMs };
  }

  stop(): void {
    clearInterval(this.timer);
    this.kit.end();
  }
}
