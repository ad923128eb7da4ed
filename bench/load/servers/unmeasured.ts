/**
 * Loaded before the gateway, in each of its threads: takes its measuring out, to show what that costs. No jitter, no
 * histograms, nobody who watches loop and collector, no check of the accounting. The timeline stays, with its gaps and
 * duplicates: recordings need it. So do the counters of messages and frames.
 */
import { AudioWriter } from '../../../src/decoder/audio-writer.ts';
import type { Pcm, Placement } from '../../../src/decoder/placement.ts';
import { place } from '../../../src/decoder/timeline.ts';
import type { UndoNote } from '../../../src/decoder/undo-note.ts';
import { Histogram } from '../../../src/memory/histogram.ts';
import { LaneHeader } from '../../../src/memory/lane-header.ts';
import type { Message } from '../../../src/protocol/message.ts';
import type { RingWriter } from '../../../src/ring/writer.ts';
import { GcPauses } from '../../../src/thread/gc-pauses.ts';
import { ThreadMetricsWatch } from '../../../src/thread/thread-metrics.ts';

interface Inside {
  readonly placement: Placement;
  readonly pcm: Pcm;
}

function takeOut(prototype: object, ...methods: readonly string[]): void {
  for (const method of methods) {
    if (!(method in prototype)) throw new Error(`there is no ${method} to take out`);
    Object.defineProperty(prototype, method, { value: () => {}, configurable: true });
  }
}

takeOut(Histogram.prototype, 'observe', 'observeStall');
takeOut(LaneHeader.prototype, 'verify');
takeOut(GcPauses.prototype, 'collect');
takeOut(ThreadMetricsWatch.prototype, 'arm');
Object.defineProperty(ThreadMetricsWatch.prototype, 'lateness', { value: 0 });
takeOut(AudioWriter.prototype, 'measure');
Object.defineProperty(AudioWriter.prototype, 'measure', {
  value(
    this: Inside,
    writer: RingWriter,
    message: Message,
    note: UndoNote,
    arrivalMs: number,
    from: Buffer,
    fromAt: number,
    bytes: number,
  ) {
    const { placement, pcm } = this;
    Object.assign(pcm, { bytes: from, at: fromAt, length: bytes });
    place(writer, note, message.timestampMs, arrivalMs, pcm, message.idEnd > message.idStart, placement);
  },
});
