/**
 * Whether somebody speaks. A frame counts as voice if what it has above 200 Hz is clearly above the noise floor, the lowest level of
 * the last four seconds: between words everybody is quiet for a moment, a fan is not, and most of what rumbles and hums lies lower.
 * Three such frames in a row begin a voice (a click is shorter); half a second without any ends it (a pause between words is shorter).
 * Allocates nothing. Pure; any thread.
 */
import { GatewayError } from '../base/errors.ts';
import { SpeechBand } from './speech-band.ts';

/** `onset`: perhaps a voice. `tail`: perhaps its end. */
export type VoiceState = 'quiet' | 'onset' | 'voice' | 'tail';

/** How soon a voice begins and ends, in frames of 20 ms. */
export interface VoiceActivityOptions {
  /** Frames above the floor that begin a voice: 3. */
  readonly onsetFrames?: number;
  /** Frames without voice that end it: 25. */
  readonly hangoverFrames?: number;
}

/** Half of it must be well above the corner of the band. */
const sampleRateMin = 8000;
/** Above the floor, to begin and to continue: two thresholds, so that a voice near one of them does not flicker. */
const marginDb = { begin: 10, goOn: 6 } as const;
/** Nothing below this is a voice, however quiet the room is. */
const voiceMinDb = -55;

const blockFrames = 25;
const blocks = 8;
/** What is assumed of a room of which nothing was heard yet: a call may begin in the middle of a word. */
const assumedFloorDb = -55;

/** The lowest level of the last four seconds, kept as the lowest of each half second. */
export class NoiseFloor {
  private readonly lowest = new Float64Array(blocks).fill(assumedFloorDb);
  private block = 0;
  private framesInBlock = 0;

  push(levelDb: number): void {
    const isFirst = this.framesInBlock === 0;
    this.lowest[this.block] = isFirst ? levelDb : Math.min(this.lowest[this.block]!, levelDb);
    if (++this.framesInBlock < blockFrames) return;
    this.framesInBlock = 0;
    this.block = (this.block + 1) % blocks;
  }

  get db(): number {
    let floor = this.lowest[0]!;
    for (let i = 1; i < blocks; i++) floor = Math.min(floor, this.lowest[i]!);
    return floor;
  }
}

/** Finds when one participant speaks, from frames of 20 ms. Allocates nothing. Any thread, one at a time. */
export class VoiceActivity {
  private now: VoiceState = 'quiet';
  private readonly band: SpeechBand;
  private readonly floor = new NoiseFloor();
  private readonly onsetFrames: number;
  private readonly hangoverFrames: number;
  /** Frames in the state `onset` or `tail`. */
  private frames = 0;

  /** `sampleRate`: Hz. Throws `bad_settings` for one below 8000. */
  constructor(sampleRate: number, { onsetFrames = 3, hangoverFrames = 25 }: VoiceActivityOptions = {}) {
    if (!(sampleRate >= sampleRateMin)) {
      throw new GatewayError(
        'bad_settings',
        `voices are found in audio of ${sampleRateMin} Hz or more, not of ${sampleRate}`,
      );
    }
    this.band = new SpeechBand(sampleRate);
    this.onsetFrames = onsetFrames;
    this.hangoverFrames = hangoverFrames;
  }

  /** After the last frame. */
  get state(): VoiceState {
    return this.now;
  }

  /** Whether a voice was found that has not ended: `voice` or `tail`. */
  get isActive(): boolean {
    return this.now === 'voice' || this.now === 'tail';
  }

  /** The noise floor above 200 Hz, in dB below full scale. */
  get floorDb(): number {
    return this.floor.db;
  }

  /** Takes the next frame, 20 ms: `count` samples from `at` on, all without these. Returns the state after it. */
  push(samples: Int16Array, at = 0, count: number = samples.length - at): VoiceState {
    const levelDb = this.band.push(samples, at, count);
    // Pure zeros are a muted microphone, or a frame that never came. They say nothing of the room.
    if (levelDb === null) return this.skip(1);
    this.floor.push(levelDb);
    const margin = this.isActive ? marginDb.goOn : marginDb.begin;
    const isVoiced = levelDb >= Math.max(voiceMinDb, this.floor.db + margin);
    this.now = isVoiced ? this.afterVoice() : this.afterQuiet(1);
    return this.now;
  }

  /** Takes so many frames that never came: they are no voice. */
  skip(frames: number): VoiceState {
    this.now = this.afterQuiet(frames);
    return this.now;
  }

  /** Takes the voice for ended. */
  reset(): void {
    this.now = 'quiet';
  }

  private afterVoice(): VoiceState {
    if (this.isActive) return 'voice';
    this.frames = this.now === 'onset' ? this.frames + 1 : 1;
    return this.frames >= this.onsetFrames ? 'voice' : 'onset';
  }

  private afterQuiet(frames: number): VoiceState {
    if (!this.isActive) return 'quiet';
    this.frames = this.now === 'tail' ? this.frames + frames : frames;
    return this.frames >= this.hangoverFrames ? 'quiet' : 'tail';
  }
}
