/** Garbage collections of all isolates of a process, from the lines that `node --trace-gc` prints. */

export interface GcEvent {
  readonly pauseMs: number;
  /** The pause, and the steps of incremental marking that led to it. */
  readonly totalMs: number;
}

/** `[pid:isolate] 12 ms: Scavenge 3.3 (3.9) -> 2.6 (4.9) MB, pooled: 0 MB, 1.57 / 0.00 ms (+ 3.1 ms in 2 steps …)` */
const pattern = /^\[\d+:0x[0-9a-f]+\]\s+\d+ ms: .* MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ ms(.*)$/;
const stepsPattern = /\(\+ ([\d.]+) ms in \d+ steps .*biggest step ([\d.]+) ms/;

/** Null when the line is about something else. */
export function parseGcLine(line: string): GcEvent | null {
  const match = pattern.exec(line);
  if (match === null) return null;
  const pauseMs = Number(match[1]);
  const steps = stepsPattern.exec(match[2]!);
  if (steps === null) return { pauseMs, totalMs: pauseMs };
  return { pauseMs: Math.max(pauseMs, Number(steps[2])), totalMs: pauseMs + Number(steps[1]) };
}

export interface GcSummary {
  readonly totalMs: number;
  readonly longestPauseMs: number;
}

export class GcLog {
  private readonly events: (GcEvent & { readonly atMs: number })[] = [];

  /** Returns whether the line was one of ours. */
  take(line: string): boolean {
    const event = parseGcLine(line);
    if (event === null) return false;
    this.events.push({ ...event, atMs: performance.now() });
    return true;
  }

  between(fromMs: number, toMs: number): GcSummary {
    const inside = this.events.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return {
      totalMs: inside.reduce((sum, { totalMs }) => sum + totalMs, 0),
      longestPauseMs: Math.max(0, ...inside.map(({ pauseMs }) => pauseMs)),
    };
  }
}
