/**
 * Whether somebody speaks, by the level of one frame of 20 ms after the other. A frame counts as voice if it is clearly
 * above the noise floor, which is the lowest level of the last four seconds: between words everybody is quiet for a moment,
 * a fan is not. Three such frames in a row begin a voice (a click is shorter); half a second without any ends it (a pause
 * between words is shorter). Pure; any thread.
 *
 * Good enough to cut a call into utterances. In a loud street, or with music, use a trained detector (Silero, WebRTC).
 */
import { silenceDb } from './level.ts';

/** `onset`: perhaps a voice. `tail`: perhaps its end. */
export type VoiceState = 'quiet' | 'onset' | 'voice' | 'tail';

export interface VoiceActivityOptions {
  /** Frames above the floor that begin a voice. */
  readonly onsetFrames?: number;
  /** Frames without voice that end it. */
  readonly hangoverFrames?: number;
}

/** Above the floor, to begin and to go on: two thresholds, so that a voice near one of them does not flicker. */
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
    // Pure zeros are a muted microphone, or a frame that never came. They say nothing of the room.
    if (levelDb <= silenceDb) return;
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

export class VoiceActivity {
  state: VoiceState = 'quiet';
  private readonly floor = new NoiseFloor();
  private readonly onsetFrames: number;
  private readonly hangoverFrames: number;
  /** Frames in the state `onset` or `tail`. */
  private frames = 0;

  constructor({ onsetFrames = 3, hangoverFrames = 25 }: VoiceActivityOptions = {}) {
    this.onsetFrames = onsetFrames;
    this.hangoverFrames = hangoverFrames;
  }

  /** Whether a voice was found that has not ended. */
  get isActive(): boolean {
    return this.state === 'voice' || this.state === 'tail';
  }

  /** Takes the level of the next frame. Returns the state after it. */
  push(levelDb: number): VoiceState {
    this.floor.push(levelDb);
    const margin = this.isActive ? marginDb.goOn : marginDb.begin;
    const isVoiced = levelDb >= Math.max(voiceMinDb, this.floor.db + margin);
    this.state = isVoiced ? this.afterVoice() : this.afterQuiet(1);
    return this.state;
  }

  /** Takes so many frames that never came: they are no voice. */
  skip(frames: number): VoiceState {
    this.state = this.afterQuiet(frames);
    return this.state;
  }

  /** Takes the voice for ended. */
  reset(): void {
    this.state = 'quiet';
  }

  private afterVoice(): VoiceState {
    if (this.isActive) return 'voice';
    this.frames = this.state === 'onset' ? this.frames + 1 : 1;
    return this.frames >= this.onsetFrames ? 'voice' : 'onset';
  }

  private afterQuiet(frames: number): VoiceState {
    if (!this.isActive) return 'quiet';
    this.frames = this.state === 'tail' ? this.frames + frames : frames;
    return this.frames >= this.hangoverFrames ? 'quiet' : 'tail';
  }
}
