/** Where audio sent into calls meets the other stages: a stream's socket, its metadata, its readers, the events. Main thread. */
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/serve-settings.ts';
import { ringFigures } from '../memory/ring-figures.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { PlaybackHandle } from '../playback/handle.ts';
import { claimPlayback, programHolder } from '../playback/holder.ts';
import { Pacer } from '../playback/pacer.ts';
import { SentTrack } from '../playback/sent-track.ts';
import type { RingPool } from '../ring/pool.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import { describeRing } from '../stream/ring-report.ts';
import type { Stream } from '../stream/stream.ts';
import type { Observers } from './observers.ts';

interface Stages {
  readonly registry: StreamRegistry;
  readonly observers: Observers;
}

export interface PlaybackHostOptions {
  readonly config: Config;
  readonly memory: SharedMemory;
  readonly rings: RingPool;
  /** What is there when streams are. */
  readonly stages: () => Stages;
}

export class PlaybackHost {
  readonly pacer: Pacer;
  private readonly options: PlaybackHostOptions;
  /** Of streams that are not over, by what speaks into them. */
  private readonly handles = new WeakMap<Stream, { readonly handle: PlaybackHandle; readonly track: SentTrack }>();

  constructor(options: PlaybackHostOptions) {
    const { config, memory } = options;
    this.options = options;
    this.pacer = new Pacer({
      leadMs: config.playbackLeadMs,
      seconds: config.playbackSeconds,
      memoryBytes: config.playbackMemoryMb * 2 ** 20,
      marks: config.playbackMarks === 'on',
      queueCount: memory.geometry.streamCount,
    });
  }

  /** The way into a stream, for the program: the same each time, as long as its rate is. Throws `playback_refused`, `memory_exhausted`. */
  readonly handle = (stream: Stream): PlaybackHandle => {
    const handle = this.open(stream);
    claimPlayback(handle, programHolder);
    return handle;
  };

  /** The same for the sinks that speak, of which the first to ask has it; null if there is none. */
  readonly handleForSinks = (stream: Stream): PlaybackHandle | null => {
    try {
      // It closes itself when it learns that the rate has changed.
      stream.speaker?.turn(performance.now());
      return this.open(stream);
    } catch (error) {
      if (error instanceof GatewayError) return null;
      throw error;
    }
  };

  /** The thread of a holder is dead: its utterances end with what it has written. */
  abandoned(holder: number): void {
    for (const { speaker } of this.options.stages().registry.all) {
      if (speaker?.queue.holder === holder) speaker.abandoned();
    }
  }

  private open(stream: Stream): PlaybackHandle {
    if (this.options.config.playback === 'off') {
      throw new GatewayError('playback_refused', 'audio is not sent into calls: --playback is off');
    }
    if (stream.phase !== 'open' && stream.phase !== 'waiting') {
      throw new GatewayError('playback_refused', 'the stream has ended');
    }
    const known = this.handles.get(stream);
    if (known !== undefined && stream.speaker?.isOpen === true) return known.handle;
    const track = known?.track ?? this.track(stream);
    const { memory, stages } = this.options;
    const { observers } = stages();
    const slot = new StreamSlot(memory, stream.index);
    const { speaker, handle } = this.pacer.open({
      streamId: stream.id,
      callConnectionId: stream.facts.callConnectionId,
      place: stream.index,
      outgoing: () => stream.outgoing,
      sampleRate: () => slot.rate,
      track,
      onStarted: (utterance) => observers.playbackStarted(stream, utterance),
      onEnded: (utterance) => observers.playbackEnded(stream, utterance),
    });
    // Who has spoken so far continues.
    const holder = stream.speaker?.queue.holder ?? 0;
    if (holder !== 0) speaker.queue.claim(holder);
    stream.speaker = speaker;
    this.handles.set(stream, { handle, track });
    return handle;
  }

  /** Every frame that was written is in one counter. */
  get isExact(): boolean {
    return this.pacer.unaccounted === 0;
  }

  stop(): void {
    this.pacer.stop();
  }

  private track(stream: Stream): SentTrack {
    const { memory, rings, stages } = this.options;
    const { registry } = stages();
    return new SentTrack({
      memory,
      pool: rings,
      toAcsMs: () => acsOffsetMs(memory, stream),
      onStarted: (index) => registry.ringStarted(stream, describeRing(memory, index)),
      onEnded: (index) => registry.ringEnded(stream, describeRing(memory, index)),
    });
  }
}

/** ACS's clock less ours, as the first audio of a participant says; before there is any, the clock on the wall. */
function acsOffsetMs(memory: SharedMemory, stream: Stream): number {
  const first = stream.rings[0];
  if (first === undefined) return performance.timeOrigin;
  const { firstTimestampMs, firstArrivalMs } = ringFigures(memory, first.index);
  const offsetMs = firstTimestampMs - firstArrivalMs;
  return Number.isFinite(offsetMs) ? offsetMs : performance.timeOrigin;
}
