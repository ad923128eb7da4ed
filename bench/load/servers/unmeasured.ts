/**
 * Loaded before the gateway, in each of its threads: takes its measuring out, to show what that costs. No jitter, no
 * histograms, nobody who watches loop and collector, no check of the accounting. The timeline stays, with its gaps and
 * duplicates: recordings need it. So do the counters of messages and frames.
 */
import { AudioWriter } from '../../../src/decoder/audio-writer.ts';
import { LaneCounters } from '../../../src/decoder/lane-counters.ts';
import type { Message } from '../../../src/decoder/protocol/message.ts';
import { type Placement, place } from '../../../src/decoder/timeline.ts';
import { Histogram } from '../../../src/memory/histogram.ts';
import type { RingWriter } from '../../../src/ring/writer.ts';
import { GcPauses } from '../../../src/thread/gc-pauses.ts';
import { VitalsWatch } from '../../../src/thread/vitals.ts';

interface Inside {
  readonly placement: Placement;
}

function takeOut(prototype: object, ...methods: readonly string[]): void {
  for (const method of methods) {
    if (!(method in prototype)) throw new Error(`there is no ${method} to take out`);
    Object.defineProperty(prototype, method, { value: () => {}, configurable: true });
  }
}

takeOut(Histogram.prototype, 'observe', 'observeStall');
takeOut(LaneCounters.prototype, 'verify');
takeOut(GcPauses.prototype, 'collect');
takeOut(VitalsWatch.prototype, 'arm');
Object.defineProperty(VitalsWatch.prototype, 'lateness', { value: 0 });
takeOut(AudioWriter.prototype, 'measure');
Object.defineProperty(AudioWriter.prototype, 'measure', {
  value(this: Inside, writer: RingWriter, message: Message, _counters: LaneCounters, arrivalMs: number, bytes: number) {
    place(writer, message.timestampMs, arrivalMs, bytes, message.idEnd > message.idStart, this.placement);
  },
});
