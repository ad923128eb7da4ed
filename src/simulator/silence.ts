/**
 * When a participant is silent. Pure; any thread. Invariant: the spans are in order, do not touch each other, and sum to
 * the asked share of the call exactly, rounded to a frame.
 */
import { framesPerSecond } from '../base/limits.ts';
import { RandomSequence } from './random.ts';

const spanFramesMin = 0.2 * framesPerSecond;
const spanFramesMax = 2 * framesPerSecond;

/** Splits `total` into `count` parts of at least `least`, at random. */
function split(random: RandomSequence, total: number, count: number, least: number): number[] {
  const weights = Array.from({ length: count }, () => 0.2 + random.next());
  const sum = weights.reduce((a, b) => a + b, 0);
  const spare = total - least * count;
  let given = 0;
  let seen = 0;
  return weights.map((weight) => {
    seen += weight;
    const upTo = Math.round((seen / sum) * spare);
    const part = least + upTo - given;
    given = upTo;
    return part;
  });
}

/** Splits `total` into `count` parts from `least` to `most`, each drawn from what the others leave possible. */
function splitWithin(random: RandomSequence, total: number, count: number, least: number, most: number): number[] {
  let left = total;
  return Array.from({ length: count }, (_, i) => {
    const others = count - 1 - i;
    const low = Math.max(least, left - most * others);
    const high = Math.min(most, left - least * others);
    const part = low + random.below(high - low + 1);
    left -= part;
    return part;
  });
}

/**
 * The silent spans of a call as pairs in one flat array: the first silent frame, the first frame after it. A span lasts
 * 0.2 to 2 s as far as the ratio leaves room: a little silence is one shorter span, nearly only silence has longer ones.
 */
export function silentSpans(key: number, frameCount: number, ratio: number): Int32Array {
  const silent = Math.round(frameCount * ratio);
  if (silent === 0) return new Int32Array(0);
  const sounding = frameCount - silent;
  const random = new RandomSequence(key);
  const mean = (spanFramesMin + spanFramesMax) / 2;
  const count = Math.max(1, Math.min(Math.round(silent / mean), sounding - 1));
  const least = Math.min(spanFramesMin, Math.floor(silent / count));
  const most = Math.max(spanFramesMax, Math.ceil(silent / count));
  const lengths = splitWithin(random, silent, count, least, most);
  const gaps = split(random, sounding, count + 1, Math.min(1, Math.floor(sounding / (count + 1))));
  const spans = new Int32Array(count * 2);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += gaps[i]!;
    spans[i * 2] = at;
    at += lengths[i]!;
    spans[i * 2 + 1] = at;
  }
  return spans;
}

/** Answers whether a frame is silent; quick when asked in about increasing order. */
export class SilenceCursor {
  private readonly spans: Int32Array;
  private at = 0;

  constructor(spans: Int32Array) {
    this.spans = spans;
  }

  isSilent(index: number): boolean {
    const spans = this.spans;
    if (spans.length === 0) return false;
    while (this.at < spans.length && index >= spans[this.at + 1]!) this.at += 2;
    while (this.at > 0 && index < spans[this.at - 1]!) this.at -= 2;
    return this.at < spans.length && index >= spans[this.at]!;
  }
}
