/**
 * Errors that may come by the thousand, kept from filling the log and the thread that logs them: the first of a kind
 * is logged at once, those that follow once per interval, with their number. What happened how often is in the metrics all
 * the same. Any thread.
 */

const intervalMs = 10_000;
/** A kind may have anything in it; beyond so many they are all one. */
const kindsMax = 20;
const otherKinds = 'other errors';

/** `suppressed`: 0 for the first of its kind, which stands for itself; else how many this one stands for. */
export type TellThrottled<Detail> = (kind: string, detail: Detail, suppressed: number) => void;

interface Kind<Detail> {
  dueMs: number;
  suppressed: number;
  /** Of the last one. */
  detail: Detail;
}

export class ErrorThrottle<Detail> {
  private readonly tell: TellThrottled<Detail>;
  private readonly kinds = new Map<string, Kind<Detail>>();

  constructor(tell: TellThrottled<Detail>) {
    this.tell = tell;
  }

  add(kind: string, detail: Detail, nowMs: number): void {
    const name = this.kinds.has(kind) || this.kinds.size < kindsMax ? kind : otherKinds;
    const known = this.kinds.get(name);
    if (known !== undefined) {
      known.suppressed++;
      known.detail = detail;
      return;
    }
    this.kinds.set(name, { dueMs: nowMs + intervalMs, suppressed: 0, detail });
    this.tell(name, detail, 0);
  }

  /** Tells what is due. Called often. */
  tick(nowMs: number): void {
    for (const [name, kind] of this.kinds) {
      if (kind.dueMs > nowMs) continue;
      if (kind.suppressed === 0) {
        this.kinds.delete(name);
        continue;
      }
      this.tell(name, kind.detail, kind.suppressed);
      kind.suppressed = 0;
      kind.dueMs = nowMs + intervalMs;
    }
  }

  /** Tells everything that was left out so far. */
  tellAll(): void {
    for (const [name, kind] of this.kinds) if (kind.suppressed > 0) this.tell(name, kind.detail, kind.suppressed);
    this.kinds.clear();
  }
}

/** An error as it is logged. */
export type LoggedError = Readonly<Record<string, unknown>> & { readonly msg: string };
/** Logs an error, repeated ones of a kind as one line with their number. `kind`: `msg`, if it is left out. */
export type LogThrottled = (error: LoggedError, kind?: string) => void;
