/**
 * What all calls of a run are sent by the server, together, and what they share to take it in. Main thread. Invariant: a run whose
 * server says nothing has allocated next to nothing here.
 */
import { EchoFigures } from './echo-test.ts';
import { zeroHeard } from './heard-counts.ts';
import type { HeardFiles } from './heard-files.ts';
import { InterruptionFigures } from './interrupter.ts';
import { StepHistogram } from './lateness.ts';
import type { RunOptions } from './options.ts';
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
  /** Null: no echo test. */
  readonly echo: EchoFigures | null;
  /** Null: the callers do not interrupt. */
  readonly interruptions: InterruptionFigures | null;
  private depthHistogram: StepHistogram | null = null;

  constructor({ sampleRate, marks, echoTest, bargeInMs }: RunOptions, files: HeardFiles | null) {
    this.sampleRate = sampleRate;
    this.files = files;
    this.answersMarks = marks;
    this.echo = echoTest ? new EchoFigures(sampleRate) : null;
    this.interruptions = bargeInMs > 0 ? new InterruptionFigures() : null;
  }

  /** How much was queued after each audio message. */
  get depth(): StepHistogram {
    this.depthHistogram ??= new StepHistogram(depthStepsPerMs, queueMsMax);
    return this.depthHistogram;
  }
}
