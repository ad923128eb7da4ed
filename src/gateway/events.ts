/**
 * The events of a gateway, for the program that runs it. Of each stream in this order: `stream`, `format`, each participant's
 * beginning and end, `streamEnded`. Main thread.
 */
import type { GatewayError } from '../base/errors.ts';
import type { PlaybackHandle } from '../playback/handle.ts';
import type { EndedUtterance, StartedUtterance } from '../playback/spoken-utterances.ts';
import type { RingHandle } from '../reader/handle.ts';
import type { Labels, Track } from '../ring/track.ts';
import type { EndedStream } from '../stream/ended-stream.ts';
import type { ParticipantReport } from '../stream/ring-report.ts';
import type { EndedStall, Stall } from '../stream/stall-watch.ts';
import type { StreamRecording } from '../stream/stream.ts';

/** A connected stream: the audio of one call, over one WebSocket or several in a row. */
export interface StreamInfo {
  /** The gateway's own id: a UUID, unique. */
  readonly id: string;
  /** The header `x-ms-call-connection-id`, up to 256 characters; null if absent. It correlates, it proves nothing. */
  readonly callConnectionId: string | null;
  /** The header `x-ms-call-correlation-id`, up to 256 characters; null if absent. What Microsoft's support asks for. */
  readonly correlationId: string | null;
  /** With --label-query and --label-path; left out without. */
  readonly labels?: Labels;
  /** Of the peer, or with `trustProxy` of the client that the proxy names. */
  readonly remoteAddress: string;
  /** When the upgrade was accepted. */
  readonly connectedAt: Date;
  /** Those that have begun and not ended, at the moment at which it is read. The thread that started the gateway. */
  readonly participants: readonly Participant[];
  /**
   * The way into the call, for a `PlaybackWriter` in any thread; the same each time. The call application must have asked ACS for
   * `enableBidirectional`: without it the call does not hear what is sent, and nothing says so.
   * @throws `playback_refused` if `playback` is off, or the stream has ended; `memory_exhausted`
   */
  playback(): PlaybackHandle;
}

/** What ACS says of a mark. */
export interface PlaybackMark {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** The utterance's. */
  readonly id: string;
  /** `Completed`, or `Cancelled`. */
  readonly status: string;
}

/** The first frame of an utterance was sent into a call. */
export interface PlaybackStarted extends StartedUtterance {
  /** `StreamInfo.id`. */
  readonly streamId: string;
}

/** An utterance was played to its end, or cut off, or its stream has ended. */
export interface PlaybackEnded extends EndedUtterance {
  /** `StreamInfo.id`. */
  readonly streamId: string;
}

/** What the metadata of a stream announced. */
export interface StreamFormat {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** ACS's id of the subscription, up to 128 bytes; null if absent or longer. */
  readonly subscriptionId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
}

/**
 * A participant whose first frame has arrived. The same one comes again, with another ring, when the sample rate changes and every
 * 2^30 frames. Its ring crosses threads; the object itself does not.
 */
export interface Participant extends Track {
  /**
   * The ring with the participant's audio, for the reader of this name. Read it here, or post it to a worker. The thread that started
   * the gateway.
   * @param reader one of `readers` of the start; optional if there is only one
   * @throws `bad_handle` if there is no reader of this name, or the participant has ended
   */
  ring(reader?: string): RingHandle;
}

/** A DTMF tone was received. Personal data, often a secret: it is in this event and nowhere else, neither log nor metric. */
export interface DtmfTone {
  /** `StreamInfo.id`. */
  readonly streamId: string;
  /** As in `StreamInfo`. */
  readonly callConnectionId: string | null;
  /** As ACS sent it: `0` to `9`, `*`, `#`, `A` to `D`, as a rule. */
  readonly tone: string;
}

/** The events of a gateway with their arguments. Emitted on the thread that started it. */
export interface GatewayEvents {
  /** A stream has sent its first message. */
  stream: [stream: StreamInfo];
  /** A stream's metadata arrived, or changed. */
  format: [format: StreamFormat];
  /** A participant's first frame is in its ring. */
  participant: [participant: Participant];
  /** No frame follows. What is in the ring can be read for ten more seconds. */
  participantEnded: [track: Track, report: ParticipantReport];
  /** A DTMF tone was received. */
  dtmf: [tone: DtmfTone];
  /** No audio comes though there was some. Unmixed, perhaps all participants are silent. */
  stall: [stall: Stall];
  /** It comes again, or the stream has ended. */
  stallEnded: [stall: EndedStall];
  /** A sink has finished a file: of a participant, or of the whole call. */
  recording: [recording: StreamRecording];
  /** With `playbackMarks`: what ACS says of the mark that an utterance ended with. Not every ACS says anything. */
  mark: [mark: PlaybackMark];
  /** The first frame of an utterance was sent. */
  playbackStarted: [utterance: PlaybackStarted];
  /** An utterance was played to its end, was cut off, or its stream has ended. */
  playbackEnded: [utterance: PlaybackEnded];
  /** Every reader has finished, or its ten seconds are over. */
  streamEnded: [record: EndedStream];
  /**
   * Decode workers have been missing for a minute (`decoding_failed`). The gateway keeps trying to start them and takes no new stream
   * meanwhile; the event is repeated if they fail again. Whether to stop the gateway is your decision.
   */
  failed: [error: GatewayError];
}
