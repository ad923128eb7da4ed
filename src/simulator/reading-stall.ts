/**
 * Stops a call's reading while the network stalls (stall.ts), so that the server meets a peer that takes nothing. Main thread.
 * Invariant: after `end` the call reads.
 */
import { frameDurationMs } from '../base/limits.ts';
import { WheelItem } from '../base/timer-wheel.ts';
import type { CallContext } from './call-context.ts';
import type { Connection } from './connection.ts';
import { stallBegins } from './stall.ts';

export class ReadingStall extends WheelItem {
  private readonly context: CallContext;
  private readonly connection: () => Connection;
  private isPaused = false;
  /** When it changes, in ms since the run began. */
  private nextMs = 0;

  constructor(context: CallContext, connection: () => Connection) {
    super();
    this.context = context;
    this.connection = connection;
    this.await(this.beginsMs(context.clock() - context.begunAt));
  }

  private beginsMs(atMs: number): number {
    const { options } = this.context;
    return stallBegins(options, options.frameCount * frameDurationMs, atMs);
  }

  private set(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) this.connection().pause();
    else this.connection().resume();
  }

  override visit(): void {
    this.set(!this.isPaused);
    this.await(this.isPaused ? this.nextMs + this.context.options.stallMs : this.beginsMs(this.nextMs));
  }

  private await(ms: number): void {
    this.nextMs = ms;
    if (Number.isFinite(ms)) this.context.wheel.schedule(this, this.context.begunAt + ms);
  }

  end(): void {
    this.context.wheel.cancel(this);
    if (this.isPaused) this.set(false);
  }
}
