/** Delays in steps of a millisecond, for percentiles. Pure; any thread. */

const stepsMax = 5_000;

export class Delays {
  private readonly counts = new Uint32Array(stepsMax + 1);
  private total = 0;

  add(ms: number): void {
    this.counts[Math.min(stepsMax, Math.max(0, Math.round(ms)))]!++;
    this.total++;
  }

  /** The delay that so large a share of all does not exceed; NaN if there is none. */
  percentile(share: number): number {
    let seen = 0;
    for (let ms = 0; ms <= stepsMax; ms++) {
      seen += this.counts[ms]!;
      if (seen > 0 && seen >= share * this.total) return ms;
    }
    return Number.NaN;
  }
}
