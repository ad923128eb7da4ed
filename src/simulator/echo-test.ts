/**
 * An echo test of one call: when each burst was handed to the socket, when it came back, when it was heard. Main thread. Invariants:
 * a burst is heard at most once, and only when its playout is over: what StopAudio takes away was not; ten bursts at most wait. It is
 * found in what came, as it came: silence that ACS plays within it, because the rest was late, does not hide it.
 */

import { Correlator, Template } from './correlator.ts';
import { burstAt, burstCode, burstCodes, burstFrames, burstMs, burstSamples } from './echo-signal.ts';
import { StepHistogram } from './lateness.ts';
import { type Quantiles, quantilesOf } from './quantiles.ts';

/** What takes longer is not recognised any more. */
export const echoMsMax = 5000;
/** Messages whose arrival is remembered: those that a burst began in came a burst ago. */
const arrivalsMax = 64;

/** Of all calls. */
export class EchoFigures {
  sent = 0;
  heard = 0;
  lost = 0;
  readonly mouthToEar = new StepHistogram(4, 2 * echoMsMax);
  readonly server = new StepHistogram(4, 2 * echoMsMax);
  readonly queued = new StepHistogram(4, 2 * echoMsMax);
  readonly templates: readonly Template[];

  constructor(sampleRate: number) {
    this.templates = Array.from(
      { length: burstCodes },
      (_, code) => new Template(burstSamples(code, sampleRate), sampleRate),
    );
  }
}

export interface EchoReport {
  readonly bursts: {
    /** Handed to the socket whole. */
    readonly sent: number;
    readonly heard: number;
    /** Not heard within 5 s. Those of a call's last seconds may be neither. */
    readonly lost: number;
  };
  /** From handing a burst to the socket until it is heard, in ms: `serverMs` + `queuedMs`. */
  readonly mouthToEarMs: Quantiles;
  /** Of that, until it had come back: the server, the network both ways, and what the server delays on purpose. */
  readonly serverMs: Quantiles;
  /** Of that, in ACS's queue: how far the server is ahead. */
  readonly queuedMs: Quantiles;
}

export function reportEcho({ sent, heard, lost, mouthToEar, server, queued }: EchoFigures): EchoReport {
  return {
    bursts: { sent, heard, lost },
    mouthToEarMs: quantilesOf(mouthToEar),
    serverMs: quantilesOf(server),
    queuedMs: quantilesOf(queued),
  };
}

interface SentBurst {
  readonly template: Template;
  readonly sentAt: number;
}

interface HeardBurst {
  readonly sentAt: number;
  readonly arrivedAt: number;
  readonly heardAt: number;
}

export class EchoCall {
  private readonly ordinal: number;
  private readonly samplesPerMs: number;
  private readonly startAt: number;
  private readonly figures: EchoFigures;
  private readonly correlator: Correlator;
  /** Frames of the burst under way that were sent, and when its first one was. */
  private parts = 0;
  private begunAt = 0;
  private waiting: SentBurst[] = [];
  private wanted: Template[] = [];
  private heard: HeardBurst[] = [];
  /** Of the newest messages: their first sample among all that came, the one of the call at which it is heard, and when it came. */
  private readonly arrivals = new Float64Array(3 * arrivalsMax);
  private arrivalCount = 0;
  private receivedSamples = 0;

  /** `ordinal`: of the participant that says the bursts. `startAt`: when the call began. */
  constructor(ordinal: number, sampleRate: number, startAt: number, figures: EchoFigures) {
    this.ordinal = ordinal;
    this.samplesPerMs = sampleRate / 1000;
    this.startAt = startAt;
    this.figures = figures;
    this.correlator = new Correlator(sampleRate, figures.templates[0]!.samples.length);
  }

  /** A frame was handed to the socket. */
  sent(frame: number, isSilent: boolean, now: number): void {
    const place = burstAt(this.ordinal, frame);
    if (place === null) return;
    if (place.part === 0) {
      this.parts = 0;
      this.begunAt = now;
    }
    if (isSilent || place.part !== this.parts) return;
    this.parts++;
    if (this.parts < burstFrames) return;
    this.forget(now);
    this.figures.sent++;
    const template = this.figures.templates[burstCode(this.ordinal, place.burst)]!;
    this.waiting.push({ template, sentAt: this.begunAt });
    this.list();
  }

  /** Audio came that will be heard from this byte of the call on. */
  received(pcm: Uint8Array, byteCount: number, atByte: number, now: number): void {
    this.settle(now);
    this.forget(now);
    const slot = 3 * (this.arrivalCount++ % arrivalsMax);
    this.arrivals[slot] = this.receivedSamples;
    this.arrivals[slot + 1] = atByte >> 1;
    this.arrivals[slot + 2] = now;
    this.correlator.push(this.receivedSamples, pcm, byteCount, this.wanted, this.found);
    this.receivedSamples += byteCount >> 1;
  }

  private readonly found = (template: Template, atSample: number): readonly Template[] => {
    const index = this.waiting.findIndex((burst) => burst.template === template);
    const [burst] = this.waiting.splice(index, 1);
    this.list();
    const slot = this.arrivalOf(atSample);
    const [first, heardFrom, arrivedAt] = this.arrivals.subarray(slot, slot + 3);
    const heardAt = this.startAt + (heardFrom! + atSample - first!) / this.samplesPerMs;
    this.heard.push({ sentAt: burst!.sentAt, arrivedAt: arrivedAt!, heardAt });
    return this.wanted;
  };

  /** Where that message stands in `arrivals` which holds this sample: the last that begins before it. */
  private arrivalOf(atSample: number): number {
    let n = this.arrivalCount - 1;
    const oldest = Math.max(0, this.arrivalCount - arrivalsMax);
    while (n > oldest && this.arrivals[3 * (n % arrivalsMax)]! > atSample) n--;
    return 3 * (n % arrivalsMax);
  }

  private list(): void {
    this.wanted = this.waiting.map(({ template }) => template);
  }

  /** What has been played is heard. */
  private settle(now: number): void {
    while (this.heard.length > 0 && this.heard[0]!.heardAt + burstMs <= now) {
      const { sentAt, arrivedAt, heardAt } = this.heard.shift()!;
      this.figures.heard++;
      this.figures.mouthToEar.record(heardAt - sentAt, 1);
      this.figures.server.record(arrivedAt - sentAt, 1);
      this.figures.queued.record(heardAt - arrivedAt, 1);
    }
  }

  /** What did not come back in time is lost. */
  private forget(now: number): void {
    const before = this.waiting.length;
    while (this.waiting.length > 0 && now - this.waiting[0]!.sentAt > echoMsMax) {
      this.waiting.shift();
      this.figures.lost++;
    }
    if (this.waiting.length < before) this.list();
  }

  /** StopAudio: what was queued is not heard any more, and is lost. */
  stopped(now: number): void {
    this.settle(now);
    this.figures.lost += this.heard.length;
    this.heard = [];
  }

  end(now: number): void {
    this.settle(now);
    this.forget(now);
  }
}
