/** What a report says of a histogram. Pure; any thread. */
import type { StepHistogram } from './lateness.ts';

/** In ms, as far as the histogram is fine. All 0 when nothing was measured. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export function quantilesOf(histogram: StepHistogram): Quantiles {
  const at = (share: number) => Math.round(histogram.quantile(share) * 100) / 100;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
