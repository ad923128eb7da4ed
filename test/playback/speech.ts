/** Something that speaks into one call, whoever wrote it, on a clock that the test moves: ours as such a thing. */
import { type Acs, Rig } from './rig.ts';

export interface SpokenWords {
  /** Returns how many samples were taken. */
  write(samples: Int16Array): number;
  end(): void;
  played(): Promise<unknown>;
}

export interface Speech extends Disposable {
  /** What the call hears. */
  readonly acs: Acs;
  begin(options?: { readonly sampleRate?: number; readonly isLive?: boolean }): SpokenWords;
  clear(): void;
  /** Audio that the call has heard, as far as it says. */
  readonly playedMs: number;
  /** So much time passes; timers fire at the end of a step. */
  run(ms: number, stepMs?: number): void;
  /** The process stands still for so long. */
  stall(ms: number): void;
  /** The peer reads again. */
  unblock(): void;
  /** The call has ended. */
  hangUp(): void;
}

export class OurSpeech implements Speech {
  private readonly rig = new Rig();
  readonly acs = this.rig.acs;

  begin(options = {}): SpokenWords {
    return this.rig.writer.begin(options);
  }

  clear(): void {
    this.rig.writer.clear();
    this.rig.turn();
  }

  /** As `PlaybackWriter.playedMs`, at the time of this clock. */
  get playedMs(): number {
    return this.rig.queue.playedMs(this.rig.nowMs);
  }

  run(ms: number, stepMs?: number): void {
    this.rig.run(ms, stepMs);
  }

  stall(ms: number): void {
    this.rig.stall(ms);
  }

  unblock(): void {
    this.acs.unblock();
    this.rig.speaker.drained();
  }

  hangUp(): void {
    this.rig.speaker.close('stream_ended');
  }

  [Symbol.dispose](): void {
    this.rig[Symbol.dispose]();
  }
}
