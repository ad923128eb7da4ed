/** What a stream needs once something is said into it, and which one that may be spoken into and is not does without. Main thread. */
import { FrameCounts } from './frame-counts.ts';
import { Playout } from './playout.ts';
import { QueueReader } from './queue-reader.ts';
import { Sender } from './sender.ts';
import { type SpeakerOptions, SpokenUtterances } from './spoken-utterances.ts';

export interface SpeakerParts {
  readonly reader: QueueReader;
  readonly playout: Playout;
  readonly utterances: SpokenUtterances;
  readonly sender: Sender;
  readonly counts: FrameCounts;
}

export function makeSpeakerParts(options: SpeakerOptions, onCorrupt: () => void): SpeakerParts {
  const { memory, queue, number, leadMs, totals } = options;
  const reader = new QueueReader(memory, queue, number);
  const playout = new Playout(leadMs);
  const counts = new FrameCounts(totals);
  const utterances = new SpokenUtterances(options, reader, playout);
  const sender = new Sender({ options, reader, playout, utterances, counts, onCorrupt });
  return { reader, playout, utterances, sender, counts };
}
