/**
 * Errors that may come by the thousand, kept from filling the log: the first of a kind is told at once, the others are
 * counted, and told in one line when the time is up. What happened how often is in the metrics all the same. Main thread.
 */
import type { Log } from './log.ts';

const quietMs = 10_000;

export type Complaint = Readonly<Record<string, unknown>> & { readonly msg: string };

export class Complaints {
  private readonly log: Log;
  /** How many of a kind were not told, and the last of them. */
  private readonly quiet = new Map<string, { leftOut: number; last: Complaint }>();

  constructor(log: Log) {
    this.log = log;
  }

  /** `kind` tells apart what must not hide behind each other, such as two sinks. There are few of them. */
  error(complaint: Complaint, kind: string = complaint.msg): void {
    const quiet = this.quiet.get(kind);
    if (quiet !== undefined) {
      quiet.leftOut++;
      quiet.last = complaint;
      return;
    }
    this.log.error(complaint);
    this.hush(kind, complaint);
  }

  private hush(kind: string, complaint: Complaint): void {
    this.quiet.set(kind, { leftOut: 0, last: complaint });
    setTimeout(() => {
      const { leftOut, last } = this.quiet.get(kind)!;
      this.quiet.delete(kind);
      if (leftOut === 0) return;
      this.log.error({ ...last, leftOut });
      this.hush(kind, last);
    }, quietMs).unref();
  }
}
