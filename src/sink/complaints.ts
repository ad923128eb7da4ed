/**
 * What a sink has to say about errors, so that a disk that is full fills neither the log nor the main thread's time: the
 * first of a kind is told at once, those that follow once per interval, with their number. Sink thread.
 */

/** `leftOut`: 0 for the first of its kind, which stands for itself; else how many errors this one stands for. */
export type TellComplaint = (message: string, streamId: string, leftOut: number) => void;

const intervalMs = 10_000;
/** Messages may have anything in them; beyond so many kinds they are all one. */
const kindsMax = 20;
const otherKinds = 'other errors';

interface Kind {
  dueMs: number;
  leftOut: number;
  streamId: string;
}

/** What went wrong, without the path of a file: it has the participant's id in it, which is personal data. */
export function describe(error: unknown): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) return `${code}: ${syscall}`;
  return error instanceof Error ? message : String(error);
}

export class Complaints {
  private readonly tell: TellComplaint;
  private readonly kinds = new Map<string, Kind>();

  constructor(tell: TellComplaint) {
    this.tell = tell;
  }

  add(error: unknown, streamId: string, nowMs: number): void {
    const message = describe(error);
    const name = this.kinds.has(message) || this.kinds.size < kindsMax ? message : otherKinds;
    const kind = this.kinds.get(name);
    if (kind !== undefined) {
      kind.leftOut++;
      kind.streamId = streamId;
      return;
    }
    this.kinds.set(name, { dueMs: nowMs + intervalMs, leftOut: 0, streamId });
    this.tell(name, streamId, 0);
  }

  /** Tells what is due. Called often. */
  tick(nowMs: number): void {
    for (const [name, kind] of this.kinds) {
      if (kind.dueMs > nowMs) continue;
      if (kind.leftOut === 0) {
        this.kinds.delete(name);
        continue;
      }
      this.tell(name, kind.streamId, kind.leftOut);
      kind.leftOut = 0;
      kind.dueMs = nowMs + intervalMs;
    }
  }

  /** Tells everything that was left out so far. */
  tellAll(): void {
    for (const [name, kind] of this.kinds) if (kind.leftOut > 0) this.tell(name, kind.streamId, kind.leftOut);
    this.kinds.clear();
  }
}
