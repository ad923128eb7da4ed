/** The sink `module:`: loads a user's module and gives it what it left out. Sink thread. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModuleSinkSpec } from '../../config/module-spec.ts';
import type { Frame } from '../../ring/frame.ts';
import type { Checkpoint } from '../progress.ts';
import type { FinishedStream, Sink, SinkStart, SinkStream, Track, TrackEnd, TrackWriter } from '../sink.ts';
import type { CreateSink, ModuleSink, ModuleTrackWriter } from './define-sink.ts';

/** Five frames at a time. */
const defaultReadIntervalMs = 100;

/** A duration that a module gives: anything else but one would keep its tracks from ever being read. */
function millisecondsOf(value: number | undefined, fallback: number): number {
  return typeof value === 'number' && value >= 0 && value < 2 ** 31 ? value : fallback;
}

/** What a method that should not be asynchronous returned, if it is all the same: its failure must not end the thread. */
function watched(result: unknown, report: (error: unknown) => void): void {
  if (result instanceof Promise) result.catch(report);
}

class ModuleTrack implements TrackWriter {
  readonly isOpen = true;
  private readonly writer: ModuleTrackWriter;
  private readonly report: (error: unknown) => void;

  constructor(writer: ModuleTrackWriter, report: (error: unknown) => void) {
    if (typeof writer?.write !== 'function')
      throw new Error('open() of the sink module did not return a writer with write()');
    this.writer = writer;
    this.report = report;
  }

  write(frame: Frame): void {
    watched(this.writer.write(frame), this.report);
  }
  flush(): void {
    watched(this.writer.flush?.(), this.report);
  }
  end(end: TrackEnd): void {
    watched(this.writer.end?.(end), this.report);
  }
}

export class ModuleHost implements Sink {
  readonly settle?: () => Promise<void> | null;
  private readonly module: ModuleSink;
  private report: (error: unknown) => void = () => {};

  private constructor(module: ModuleSink) {
    this.module = module;
    if (module.settle !== undefined) this.settle = () => module.settle!();
  }

  /** Throws what the module throws, and if it is none. */
  static async load({ file, options }: ModuleSinkSpec): Promise<ModuleHost> {
    const exported = (await import(pathToFileURL(resolve(file)).href)) as { default?: CreateSink };
    const create = exported.default;
    if (typeof create !== 'function') {
      const found =
        create === undefined ? 'has no default export' : `has a default export that is no sink (${typeof create})`;
      throw new Error(`${file} ${found}: export default defineSink(…)`);
    }
    const module = await create(options);
    if (typeof module?.open !== 'function')
      throw new Error(`the default export of ${file} did not return a sink with open()`);
    return new ModuleHost(module);
  }

  get readIntervalMs(): number {
    return millisecondsOf(this.module.readIntervalMs, defaultReadIntervalMs);
  }
  get leadMs(): number {
    return millisecondsOf(this.module.leadMs, 0);
  }
  get needsEveryFrame(): boolean {
    return this.module.needsEveryFrame ?? false;
  }
  get isReady(): boolean {
    return this.module.isReady ?? true;
  }

  get speaks(): boolean {
    return this.module.speaks ?? false;
  }

  async start(context: SinkStart): Promise<void> {
    this.report = context.report;
    await this.module.start?.(context);
  }

  open(track: Track, checkpoint: Checkpoint, stream: SinkStream): TrackWriter {
    return new ModuleTrack(this.module.open(track, checkpoint, stream), this.report);
  }

  streamStarted(stream: SinkStream): void {
    watched(this.module.streamStarted?.(stream), this.report);
  }

  streamOver(stream: SinkStream): void {
    watched(this.module.streamOver?.(stream), this.report);
  }

  streamEnded(streamId: string, stream: FinishedStream): void {
    watched(this.module.streamEnded?.(streamId, stream), this.report);
  }

  async close(): Promise<void> {
    await this.module.close?.();
  }
}
