/** The public API of the package. */

import './base/loadable.ts';

export { type ErrorCode, errorCodes, GatewayError } from './base/errors.ts';
export type { Log, LogRecord } from './base/log.ts';
export type { Config } from './config/serve-settings.ts';
export type { DrainResult } from './gateway/drain-result.ts';
export type {
  DtmfTone,
  GatewayEvents,
  Participant,
  PlaybackEnded,
  PlaybackMark,
  PlaybackStarted,
  StreamFormat,
  StreamInfo,
} from './gateway/events.ts';
export { type GatewayOptions, type RunningGateway, startGateway } from './gateway/start.ts';
export type { DropReason } from './memory/outcomes.ts';
export type { PlaybackMemoryHandle } from './memory/playback-memory.ts';
export { frameFlag } from './memory/states.ts';
export type { SpeakerCounts } from './playback/frame-counts.ts';
export type { PlaybackHandle } from './playback/handle.ts';
export { Resampler } from './playback/resampler.ts';
export { playbackTrackId } from './playback/sent-track.ts';
export type { EndedUtterance, StartedUtterance } from './playback/spoken-utterances.ts';
export type { UtteranceEnd } from './playback/totals.ts';
export type { Played, Utterance, UtteranceOptions, UtteranceState } from './playback/utterance.ts';
export { PlaybackWriter } from './playback/writer.ts';
export type { RingHandle } from './reader/handle.ts';
export { levelDb, silenceDb } from './reader/level.ts';
export { RingReader, type RingReaderOptions, type WaitResult } from './reader/ring-reader.ts';
export { VoiceActivity, type VoiceActivityOptions, type VoiceState } from './reader/voice-activity.ts';
export type { ReadResult, RingPlace } from './ring/cursor.ts';
export { Frame, FrameBatch } from './ring/frame.ts';
export type { Labels, Track } from './ring/track.ts';
export type { RemovedCall } from './sink/files/retention.ts';
export { type CreateSink, defineSink, type ModuleSink, type ModuleTrackWriter } from './sink/module/define-sink.ts';
export type { Checkpoint } from './sink/progress.ts';
export type {
  FinishedStream,
  RecordedCall,
  RecordingFile,
  Sink,
  SinkContext,
  SinkStart,
  SinkStream,
  StreamFacts,
  TrackEnd,
  TrackWriter,
} from './sink/sink.ts';
export type { SpokenOutcome } from './sink/spoken-outcome.ts';
export type { Account } from './stream/accounting.ts';
export type { EndedStream, ReaderReport } from './stream/ended-stream.ts';
export type { ParticipantReport } from './stream/ring-report.ts';
export type { EndedStall, Stall, StallOutcome } from './stream/stall-watch.ts';
export type { StreamPhase, StreamPlace, StreamRecording } from './stream/stream.ts';
export type { StreamReport } from './stream/stream-report.ts';
export type { CloseCause } from './stream/totals.ts';
