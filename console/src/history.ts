/**
 * The last minute of one lane, 20 ms by 20 ms, as it came: what its pictures are drawn from. Slots are overwritten in a circle; each knows
 * the time that it is of. Invariant: whatever the gateway sends, memory stays what it is.
 */
import type { Slice } from '../../src/console/wire.ts';

/** A minute, in slices of 20 ms. */
export const minuteSlices = 3000;
/** Power of two, more than is shown. */
const slotCount = 4096;

/** What lies between two slices that do not follow each other. */
export interface Hole {
  readonly from: number;
  readonly to: number;
  readonly is: 'gap' | 'pause';
}

export interface Turn {
  readonly from: number;
  readonly to: number;
}

export interface Minute {
  readonly turns: readonly Turn[];
  readonly holes: readonly Hole[];
}

/** Of 128; about -32 dBFS: above breathing and line noise. */
const speechPeak = 3;
/** Words of a turn are not further apart; a cough is shorter than a turn. */
const turnBreakSlices = 20;
const turnSlicesMin = 8;

export class History {
  readonly low = new Int8Array(slotCount);
  readonly high = new Int8Array(slotCount);
  /** NaN: not known, as of all that came before this page looked. */
  readonly jitterMs = new Float32Array(slotCount);
  readonly residenceMs = new Float32Array(slotCount);
  private readonly times = new Float64Array(slotCount).fill(-1);
  private readonly kinds = new Uint8Array(slotCount);

  add(slices: readonly Slice[]): void {
    for (const { at, low, high, is, jitterMs, residenceMs } of slices) {
      const slot = at & (slotCount - 1);
      this.times[slot] = at;
      this.low[slot] = low;
      this.high[slot] = high;
      this.kinds[slot] = is.charCodeAt(0);
      this.jitterMs[slot] = jitterMs ?? Number.NaN;
      this.residenceMs[slot] = residenceMs ?? Number.NaN;
    }
  }

  /** Where `at` lies; -1: nothing is known of it. */
  slotOf(at: number): number {
    const slot = at & (slotCount - 1);
    return this.times[slot] === at ? slot : -1;
  }

  isSilent(slot: number): boolean {
    return this.kinds[slot] === 0x71;
  }

  /** What is told and drawn of the minute before `now`. */
  minute(now: number): Minute {
    const from = Math.max(0, now - minuteSlices);
    return { turns: this.turns(from, now), holes: this.holes(from, now) };
  }

  /** Where nothing lies between `from` and `now`, and why; what nothing has come after is neither yet. */
  holes(from: number, now: number): Hole[] {
    const holes: Hole[] = [];
    let last = -1;
    for (let at = from; at <= now; at++) {
      const slot = this.slotOf(at);
      if (slot < 0) continue;
      const kind = this.kinds[slot];
      if (last >= 0 && at - last > 1) holes.push({ from: last + 1, to: at, is: kind === 0x67 ? 'gap' : 'pause' });
      last = at;
    }
    return holes;
  }

  /** Speaking turns: runs of sound that only short breaks interrupt. */
  turns(from: number, now: number): Turn[] {
    const turns: Turn[] = [];
    let begun = -1;
    let heard = -1;
    const end = () => {
      if (begun >= 0 && heard - begun >= turnSlicesMin) turns.push({ from: begun, to: heard + 1 });
      begun = -1;
    };
    for (let at = from; at <= now; at++) {
      const slot = this.slotOf(at);
      const isSpeech = slot >= 0 && Math.max(-this.low[slot]!, this.high[slot]!) >= speechPeak;
      if (isSpeech) {
        if (begun < 0) begun = at;
        heard = at;
      } else if (begun >= 0 && at - heard > turnBreakSlices) end();
    }
    end();
    return turns;
  }
}
