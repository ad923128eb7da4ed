/** The sink `module:`: loads a user's module and gives it what it left out. Sink thread. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Frame } from '../../ring/frame.ts';
import type { Memo } from '../progress.ts';
import type { Sink, SinkStart, Track, TrackEnd, TrackWriter } from '../sink.ts';
import type { CreateSink, ModuleSink, ModuleTrackWriter } from './define-sink.ts';
import type { ModuleSinkSpec } from './module-spec.ts';

/** Five frames at a time. */
const defaultReadIntervalMs = 100;

class ModuleTrack implements TrackWriter {
  readonly isOpen = true;
  private readonly writer: ModuleTrackWriter;

  constructor(writer: ModuleTrackWriter) {
    if (typeof writer?.write !== 'function')
      throw new Error('open() of the sink module did not return a writer with write()');
    this.writer = writer;
  }

  write(frame: Frame): void {
    this.writer.write(frame);
  }
  flush(): void {
    this.writer.flush?.();
  }
  end(end: TrackEnd): void {
    this.writer.end?.(end);
  }
}

export class ModuleHost implements Sink {
  readonly settle?: () => Promise<void> | null;
  private readonly module: ModuleSink;

  private constructor(module: ModuleSink) {
    this.module = module;
    if (module.settle !== undefined) this.settle = () => module.settle!();
  }

  /** Throws what the module throws, and if it is none. */
  static async load({ file, options }: ModuleSinkSpec): Promise<ModuleHost> {
    const { default: create } = (await import(pathToFileURL(resolve(file)).href)) as { default?: CreateSink };
    if (typeof create !== 'function') throw new Error(`${file} has no default export: export default defineSink(…)`);
    const module = await create(options);
    if (typeof module?.open !== 'function')
      throw new Error(`the default export of ${file} did not return a sink with open()`);
    return new ModuleHost(module);
  }

  get readIntervalMs(): number {
    return this.module.readIntervalMs ?? defaultReadIntervalMs;
  }
  get leadMs(): number {
    return this.module.leadMs ?? 0;
  }
  get isReady(): boolean {
    return this.module.isReady ?? true;
  }

  async start(context: SinkStart): Promise<void> {
    await this.module.start?.(context);
  }

  open(track: Track, memo: Memo): TrackWriter {
    return new ModuleTrack(this.module.open(track, memo));
  }

  streamEnded(streamId: string): void {
    this.module.streamEnded?.(streamId);
  }

  async close(): Promise<void> {
    await this.module.close?.();
  }
}
