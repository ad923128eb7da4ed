/** The last minute of a whole call: a history for each lane. */
import type { Call } from '../../src/console/wire.ts';
import { History, minuteSlices } from './history.ts';

/** Of a minute; more are not told apart. */
const cutsMax = 200;

export class CallHistory {
  readonly spoken = new History();
  cutsAt: readonly number[] = [];
  private readonly tracks = new Map<number, History>();

  add(call: Call): void {
    for (const { participant, slices } of call.tracks) this.track(participant).add(slices);
    if (call.spoken !== null) {
      this.spoken.add(call.spoken.slices);
      const cuts = [...this.cutsAt, ...call.spoken.cutsAt];
      this.cutsAt = cuts.filter((at) => at >= call.now - minuteSlices).slice(-cutsMax);
    }
  }

  track(participant: number): History {
    let history = this.tracks.get(participant);
    if (history === undefined) {
      history = new History();
      this.tracks.set(participant, history);
    }
    return history;
  }

  all(): readonly History[] {
    return [...this.tracks.values()];
  }
}
