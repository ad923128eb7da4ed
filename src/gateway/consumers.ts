/**
 * All consumers of what comes in: the sinks and the capture with their threads, and the readers in the user's threads.
 * Built, started and stopped together, and what happens to their threads is logged here. Main thread.
 */

import { withTimeout } from '../base/deadline.ts';
import { recordingCommands, ringLingerMs } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { CaptureHost } from '../capture/host.ts';
import { type CaptureSpec, captureOf } from '../config/capture-spec.ts';
import type { Config } from '../config/serve-settings.ts';
import { type SinkSpec, sinkOf } from '../config/sink-spec.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RecordingCounters } from '../metrics/families.ts';
import { sinkHolder } from '../playback/holder.ts';
import { ReaderGroup } from '../reader/reader-group.ts';
import { SinkHost } from '../sink/host.ts';
import type { FilesMessage } from '../sink/messages.ts';
import type { StreamRecording } from '../stream/stream.ts';
import type { ThreadLoss } from '../thread/supervised-thread.ts';
import { RecordedCalls } from './recorded-calls.ts';
import { RecordingCommand } from './recording-command.ts';

export interface ConsumersOptions {
  readonly config: Config;
  readonly memory: SharedMemory;
  readonly log: Log;
  /** Names of those who read rings beside the sinks. */
  readonly readers: readonly string[];
  /** One of those who read rings, by its place among all, does not look at a ring of this stream any more. */
  readonly onDrained: (streamId: string, reader: number, framesRead: number, framesLapped: number) => void;
  /** The thread of a sink died or hangs; `holder`: by which it spoke. */
  readonly onSinkLost: (holder: number) => void;
  /** A sink has finished a file. */
  readonly onRecorded: (recording: StreamRecording) => void;
  readonly onCaptureError: (error: string) => void;
  readonly onCommandError: (error: { readonly msg: string; readonly [detail: string]: unknown }) => void;
}

export class Consumers {
  readonly sinks: readonly SinkHost[];
  readonly readers: readonly ReaderGroup[];
  readonly capture: CaptureHost | null;
  private readonly calls = new RecordedCalls();
  private readonly command: RecordingCommand | null;
  private readonly options: ConsumersOptions;

  constructor(options: ConsumersOptions) {
    const { config, readers } = options;
    this.options = options;
    this.command = config.onRecording === null ? null : this.createCommand(config.onRecording);
    this.sinks = config.sink.map((text, index) => this.createSink(index, sinkOf(text, config.fileAccess)));
    this.readers = readers.map((name, index) => this.createReaders(config.sink.length + index, name));
    this.capture = config.capture === null ? null : this.createCapture(captureOf(config.capture, config.fileAccess));
  }

  /** Their threads. */
  get threads(): (SinkHost | CaptureHost)['thread'][] {
    const sinks = this.sinks.map(({ thread }) => thread);
    return this.capture === null ? sinks : [this.capture.thread, ...sinks];
  }

  /** Throws `sink_failed`, `capture_failed`. */
  async start(): Promise<void> {
    await Promise.all([this.capture?.start(), ...this.sinks.map((sink) => sink.start())]);
  }

  /** Lets them finish what they have; after the deadline they are cut off. Returns whether all sinks finished. */
  async stop(deadlineMs: number): Promise<boolean> {
    const stopping = this.sinks.map((sink) => this.stopSink(sink, deadlineMs));
    await this.stopCapture(deadlineMs);
    return (await Promise.all(stopping)).every((isDone) => isDone);
  }

  /** Resolves when every finished recording has been announced, or after the time; what is left then is logged. */
  async finishCommands(withinMs: number): Promise<void> {
    if (this.command === null) return;
    await withTimeout(withinMs, this.command.idle());
    this.command.stop();
  }

  get recordings(): RecordingCounters {
    const files = this.options.config.sink.map((text, index) => ({ text, sink: this.sinks[index]! }));
    const recorders = files.filter(({ text }) => /^(wav|pcm):/.test(text)).map(({ sink }) => sink);
    return {
      sinks: recorders.map(({ name }) => name),
      countsOf: (sink) => this.calls.countsOf(sink),
      diskOf: (sink) => recorders.find(({ name }) => name === sink) ?? { diskBytes: 0, freeBytes: 0 },
      callsPending: (sink) => recorders.find(({ name }) => name === sink)?.streamsPending ?? 0,
      commandOutcomes: () => this.command?.outcomes ?? { done: 0, failed: 0, dropped: 0 },
    };
  }

  /** A sink tells of its files. */
  private filesChanged(sink: string, message: FilesMessage): void {
    switch (message.type) {
      case 'recorded':
        this.recorded({ sink, ...message.file });
        return;
      case 'removed':
        this.calls.countsOf(sink)[message.call.reason]++;
        this.options.log.info({ msg: 'call deleted', sink, ...message.call });
        return;
      case 'streamDone':
        this.callRecorded(sink, message.streamId, message.isComplete);
        return;
    }
  }

  private recorded(recording: StreamRecording): void {
    if (this.calls.add(recording)) this.options.onRecorded(recording);
  }

  /** A sink is done with a stream. */
  private callRecorded(sink: string, streamId: string, isComplete: boolean): void {
    const call = this.calls.finish(sink, streamId, isComplete);
    if (call === null) return;
    const { callConnectionId, labels, folder, complete, files } = call;
    const hasCallFile = files.some(({ kind }) => kind === 'call');
    this.options.log.info({
      msg: 'call recorded',
      sink,
      streamId,
      callConnectionId,
      ...(labels !== undefined && { labels }),
      folder,
      complete,
      files: files.length,
      hasCallFile,
    });
    this.command?.run(call);
    for (const other of this.sinks) if (other.name.startsWith('nats:')) other.callRecorded(call);
  }

  private createCommand(program: string): RecordingCommand {
    return new RecordingCommand({
      program,
      runsMax: Math.max(1, Math.floor(recordingCommands.most / this.options.config.processes)),
      onFailed: ({ sink, streamId, folder }, error) =>
        this.options.onCommandError({ msg: 'on-recording failed', sink, streamId, folder, error }),
    });
  }

  /** Ends their threads whatever they do. */
  async cutOff(): Promise<void> {
    await Promise.all([this.capture?.stop(0), ...this.sinks.map((sink) => sink.stop(0))]);
  }

  private async stopSink(sink: SinkHost, deadlineMs: number): Promise<boolean> {
    const isDone = await sink.stop(deadlineMs);
    if (!isDone) this.options.log.error({ msg: 'sink cut off', sink: sink.name });
    return isDone;
  }

  private async stopCapture(deadlineMs: number): Promise<void> {
    if (this.capture === null) return;
    await this.capture.stop(deadlineMs);
    const { messages, dropped, bytes } = this.capture;
    this.options.log.info({ msg: 'captured', messages, dropped, bytes });
  }

  private lost(what: string, details: object, { kind, reason, restartMs }: ThreadLoss): void {
    const msg = `${what} thread ${kind === 'died' ? 'died' : 'hangs'}`;
    this.options.log.error({ msg, ...details, error: reason, restartMs });
  }

  private createSink(index: number, spec: SinkSpec): SinkHost {
    const { config, memory, log, onDrained } = this.options;
    return new SinkHost({
      memory,
      spec,
      gateIndex: index,
      ...(config.playback !== 'off' && { holder: sinkHolder(index) }),
      threadTimeoutMs: config.threadTimeoutMs,
      onDrained: (streamId, { framesRead, framesLapped }) => onDrained(streamId, index, framesRead, framesLapped),
      onError: (error, streamId, suppressed) =>
        log.error({ msg: 'sink error', sink: spec.name, streamId, error, ...(suppressed > 0 && { suppressed }) }),
      onFiles: (message) => this.filesChanged(spec.name, message),
      onLost: (loss) => {
        this.options.onSinkLost(sinkHolder(index));
        this.lost('sink', { sink: spec.name }, loss);
      },
      onAbandoned: (threads) => log.error({ msg: 'sink thread cannot be ended', sink: spec.name, threads }),
    });
  }

  private createReaders(index: number, name: string): ReaderGroup {
    const { memory, onDrained } = this.options;
    return new ReaderGroup({
      name,
      memory,
      lingerMs: ringLingerMs,
      onDrained: (streamId, { framesRead, framesLapped }) => onDrained(streamId, index, framesRead, framesLapped),
    });
  }

  private createCapture(spec: CaptureSpec): CaptureHost {
    const { config, log, onCaptureError } = this.options;
    return new CaptureHost({
      spec,
      path: config.path,
      threadTimeoutMs: config.threadTimeoutMs,
      onReady: (file) => log.info({ msg: 'capturing', file, redact: spec.redact }),
      onError: onCaptureError,
      onLost: (loss) => this.lost('capture', {}, loss),
      onAbandoned: (threads) => log.error({ msg: 'capture thread cannot be ended', threads }),
    });
  }
}
