/**
 * One call as one page looks at it: what has come since its last update, of each track. A page that does not read falls behind in the rings, and what
 * is overwritten meanwhile is a hole in its picture. Console thread.
 */
import { frameFlag } from '../memory/states.ts';
import { RingCursor } from '../ring/cursor.ts';
import type { Frame } from '../ring/frame.ts';
import { CallTime, TrackTime } from './call-time.ts';
import { type KnownStream, type KnownStreams, tenth } from './known-streams.ts';
import { extremesOf, type Meter } from './meter.ts';
import type { Call, CallTrack, Slice } from './wire.ts';

/** A page shows a minute; and so many slices of all tracks go into one update. */
const framesShown = 3_000;
const slicesMax = 4_000;
/** Of 16 bits eight are shown. */
const shown = 256;

function sliceOf(frame: Frame, at: number, jitterMs: number | null, residenceMs: number | null): Slice {
  const { flags, missingBefore } = frame;
  const { low, high } = extremesOf(frame);
  const isResumed = (flags & frameFlag.resumed) !== 0;
  const isSilent = (flags & frameFlag.silent) !== 0;
  const is = missingBefore > 0 ? 'g' : isResumed ? 'p' : isSilent ? 'q' : 's';
  return { at, low: Math.trunc(low / shown), high: Math.trunc(high / shown), is, jitterMs, residenceMs };
}

class TrackView {
  readonly meter: Meter;
  private readonly cursor: RingCursor;
  private readonly time: TrackTime;
  /** Place of the first frame that came while somebody looked. */
  private readonly lookedFrom: number;

  constructor(call: CallTime, meter: Meter) {
    this.meter = meter;
    this.cursor = new RingCursor(meter.place);
    this.lookedFrom = meter.figures.loadHead();
    this.cursor.resume(Math.max(0, this.lookedFrom - framesShown), 0);
    this.time = new TrackTime(call, meter);
  }

  read(frame: Frame, most: number, residenceMs: number): Slice[] {
    const jitterMs = tenth(this.meter.figures.jitterMs);
    const slices: Slice[] = [];
    while (slices.length < most && this.cursor.read(frame) === 'frame') {
      const isKnown = frame.sequence >= this.lookedFrom;
      const at = this.time.unitOf(frame);
      slices.push(sliceOf(frame, at, isKnown ? jitterMs : null, isKnown ? residenceMs : null));
    }
    return slices;
  }
}

export class CallView {
  readonly stream: KnownStream;
  private readonly known: KnownStreams;
  private views: TrackView[] = [];
  private time: CallTime | null = null;
  private cutMs: number;

  constructor(known: KnownStreams, stream: KnownStream) {
    this.known = known;
    this.stream = stream;
    this.cutMs = known.cutMs(stream);
  }

  /** Null before the main thread has told the call's account. @param residenceMs of its lane, lately */
  update(nowMs: number, residenceMs: number): Call | null {
    const { stream, known } = this;
    const { report, recordings, tracks, spoken } = stream;
    if (report === null) return null;
    this.time ??= CallTime.of(spoken === null ? tracks : [...tracks, spoken]);
    const { time } = this;
    return {
      update: 'call',
      row: known.row(stream, nowMs),
      startedAt: time === null ? null : new Date(performance.timeOrigin + time.startMs).toISOString(),
      now: time === null ? 0 : Math.round(time.unitsAt(nowMs)),
      tracks: time === null ? [] : this.tracks(time, nowMs, residenceMs),
      spoken: known.queuedMs(stream) < 0 ? null : this.spoken(time),
      report,
      recordings,
    };
  }

  private tracks(time: CallTime, nowMs: number, residenceMs: number): CallTrack[] {
    const { stream, known } = this;
    let left = slicesMax;
    return stream.tracks.map((meter, participant) => {
      const slices = this.viewOf(time, meter).read(known.frame, left, tenth(residenceMs));
      left -= slices.length;
      const { figures } = meter;
      return {
        participant,
        id: meter.address.id,
        frames: figures.loadHead(),
        missingFrames: figures.missingFrames,
        duplicateFrames: figures.duplicateFrames,
        silentFrames: figures.silentFrames,
        jitterMs: tenth(figures.jitterMs),
        level: meter.level(nowMs, known.frame),
        slices,
      };
    });
  }

  private spoken(time: CallTime | null): NonNullable<Call['spoken']> {
    const { spoken } = this.stream;
    if (time === null) return { slices: [], cutsAt: [] };
    const slices = spoken === null ? [] : this.viewOf(time, spoken).read(this.known.frame, slicesMax, 0);
    const cutMs = this.known.cutMs(this.stream);
    const cutsAt = cutMs > this.cutMs ? [Math.max(0, Math.round(time.unitsAt(cutMs)))] : [];
    this.cutMs = cutMs;
    return { slices, cutsAt };
  }

  private viewOf(time: CallTime, meter: Meter): TrackView {
    let view = this.views.find((one) => one.meter === meter);
    if (view === undefined) {
      // Those whose rings the stream has no more are of no use.
      const { tracks, spoken } = this.stream;
      this.views = this.views.filter((one) => one.meter === spoken || tracks.includes(one.meter));
      view = new TrackView(time, meter);
      this.views.push(view);
    }
    return view;
  }
}
