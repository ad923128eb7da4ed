/**
 * What all calls of a run are sent by the server, together, and what they share to take it in. Main thread. Invariant: a run whose
 * server says nothing has allocated next to nothing here.
 */
import { zeroHeard } from './heard-counts.ts';
import type { HeardFiles } from './heard-files.ts';
import { StepHistogram } from './lateness.ts';
import { OutboundReader } from './outbound.ts';
import { queueMsMax } from './playout.ts';

const depthStepsPerMs = 0.2;

export class Hearing {
  readonly sampleRate: number;
  readonly reader = new OutboundReader();
  /** Of the calls that have ended. */
  readonly counts = zeroHeard();
  readonly files: HeardFiles | null;
  readonly answersMarks: boolean;
  private depthHistogram: StepHistogram | null = null;

  constructor(sampleRate: number, files: HeardFiles | null, answersMarks: boolean) {
    this.sampleRate = sampleRate;
    this.files = files;
    this.answersMarks = answersMarks;
  }

  /** How much was queued after each audio message. */
  get depth(): StepHistogram {
    this.depthHistogram ??= new StepHistogram(depthStepsPerMs, queueMsMax);
    return this.depthHistogram;
  }
}
