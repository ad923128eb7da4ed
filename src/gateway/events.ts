/**
 * What the process that runs a gateway hears of its streams. Events are told in order: `stream`, then `format`, then each
 * participant's beginning and end, then `streamEnded`. Main thread.
 */
import type { GatewayError } from '../base/errors.ts';
import type { RingHandle } from '../reader/handle.ts';
import type { Labels, Track } from '../ring/track.ts';
import type { EndedStream } from '../stream/ended-stream.ts';
import type { ParticipantReport } from '../stream/ring-report.ts';
import type { EndedStall, Stall } from '../stream/stall-watch.ts';
import type { StreamRecording } from '../stream/stream.ts';

/** A connected stream: one call, or one part of it. */
export interface StreamInfo {
  /** Our own id; unique. The other ids are what ACS said; they correlate, they prove nothing. */
  readonly id: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  /** With --label-query and --label-path; left out without. */
  readonly labels?: Labels;
  readonly remoteAddress: string;
  readonly connectedAt: Date;
}

/** What the metadata of a stream said. */
export interface StreamFormat {
  readonly streamId: string;
  readonly subscriptionId: string | null;
  /** Hz: 16000 or 24000. */
  readonly sampleRate: number;
}

/** A participant whose first frame has come. Where the rate changes, the same one comes again. Its ring crosses threads, it itself does not. */
export interface Participant extends Track {
  /**
   * The ring with the participant's audio, for the reader of this name. Hand it to a worker, or read it here.
   * @param reader one of `readers`, as given at the start; may be left out if there is one only
   * @throws `bad_handle` if there is no reader of this name, or the participant has ended
   */
  ring(reader?: string): RingHandle;
}

/** Somebody pressed a key. Personal data, often a secret: it is told here, and nowhere else. */
export interface DtmfTone {
  readonly streamId: string;
  readonly callConnectionId: string | null;
  /** `0` to `9`, `*`, `#`, `A` to `D`, as ACS says it. */
  readonly tone: string;
}

/** The events of a gateway, with what each listener is given. */
export interface GatewayEvents {
  /** A stream has said something for the first time. */
  stream: [stream: StreamInfo];
  /** Its metadata came, or changed. */
  format: [format: StreamFormat];
  participant: [participant: Participant];
  /** No frame follows. What is in the ring can still be read, for ten seconds at least. */
  participantEnded: [track: Track, report: ParticipantReport];
  dtmf: [tone: DtmfTone];
  /** No audio comes though there was some. Unmixed, that may be a pause of everybody. */
  stall: [stall: Stall];
  /** It comes again, or the stream has ended. */
  stallEnded: [stall: EndedStall];
  /** A sink has finished a file: of a participant, or of the whole call. */
  recording: [recording: StreamRecording];
  /** Every reader has come to the end, or the time for it is up. */
  streamEnded: [record: EndedStream];
  /**
   * Decode workers have been missing for a minute (`decoding_failed`). The gateway takes no new stream and goes on trying to
   * start them; if that succeeds and fails again, this comes again. To stop it, and perhaps the process, is up to you.
   */
  failed: [error: GatewayError];
}
