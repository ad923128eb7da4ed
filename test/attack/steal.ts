/** When the hypervisor kept this machine's processors for itself: what is late then is nobody's doing here. Linux. */
import { readFileSync } from 'node:fs';

const lookMs = 10;

/** On the wall's clock, ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Ticks of all processors that the hypervisor took, ever. */
function stolenTicks(): number {
  return Number(readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/ +/)[8] ?? 0);
}

export class StealWatch {
  readonly spans: Span[] = [];
  private readonly timer: NodeJS.Timeout;
  private seen = stolenTicks();
  private seenMs = Date.now();

  constructor() {
    this.timer = setInterval(() => this.look(), lookMs);
  }

  stop(): void {
    this.look();
    clearInterval(this.timer);
  }

  private look(): void {
    const [stolen, nowMs] = [stolenTicks(), Date.now()];
    if (stolen > this.seen) this.spans.push({ fromMs: this.seenMs, toMs: nowMs });
    this.seen = stolen;
    this.seenMs = nowMs;
  }
}
