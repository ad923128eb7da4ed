/** A call drawn from a seed: who joins and leaves when, pauses, losses, a socket that breaks off, a rate that changes. */
import type { SentFrame } from './call-judge.ts';

export interface DrawnCall {
  readonly id: string;
  /** By their time, those of all participants. */
  readonly frames: readonly SentFrame[];
  /** From this frame on the rate is another one; Infinity: never. */
  readonly rateChangesAt: number;
  /** Before this frame the socket breaks off, and another one continues. */
  readonly breaksAt: number;
  /** Before this frame nothing comes for a while, and then everything at once. */
  readonly stallsAt: number;
}

/** Eighths of a millisecond are whole samples at both rates. */
const gridMs = 1 / 8;

export function drawCall(index: number, random: () => number): DrawnCall {
  const whole = (below: number) => Math.floor(random() * below);
  const participants = Array.from({ length: 1 + whole(4) }, (_, n) => ({
    id: `4:p${n}`,
    joinMs: n === 0 ? 0 : whole(4000 / gridMs) * gridMs,
    frames: 40 + whole(120),
  }));
  const kind = index % 4;
  const rateChangeMs = kind === 1 ? 800 + whole(800) : Number.POSITIVE_INFINITY;
  const frames: SentFrame[] = [];
  for (const { id, joinMs, frames: count } of participants) {
    let atMs = joinMs;
    for (let n = 0; n < count; n++) {
      // A frame or two are lost, or the participant pauses; never both clocks at once.
      if (n > 0 && random() < 0.03) atMs += 20 * (1 + whole(2));
      else if (n > 0 && random() < 0.01) atMs += 20 * (30 + whole(200));
      const sampleRate = atMs >= rateChangeMs ? 24_000 : 16_000;
      const samples = Int16Array.from({ length: sampleRate / 50 }, () => whole(65_536) - 32_768);
      frames.push({ participant: id, atMs, sampleRate, samples });
      atMs += 20;
    }
  }
  frames.sort((a, b) => a.atMs - b.atMs);
  const rateChangesAt = frames.findIndex(({ sampleRate }) => sampleRate === 24_000);
  const somewhere = () => Math.floor(frames.length * (0.3 + 0.4 * random()));
  return {
    id: `call-${index}`,
    frames,
    rateChangesAt: rateChangesAt < 0 ? Number.POSITIVE_INFINITY : rateChangesAt,
    breaksAt: kind === 2 ? somewhere() : Number.POSITIVE_INFINITY,
    stallsAt: kind === 3 ? somewhere() : Number.POSITIVE_INFINITY,
  };
}
