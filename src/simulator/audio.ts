/**
 * What the participants say: loops of 20 ms frames, kept as PCM and as the base64 that goes into messages, and who starts
 * where. Pure but for what it keeps; any thread. Invariant: no two participants of a run are at the same place of the same
 * loop, as long as there are places: a receiver that mixes up streams is found out by comparison.
 */
import { GatewayError } from '../base/errors.ts';
import { frameBytes, frameDurationMs, framesPerSecond } from '../base/limits.ts';
import { decodeWav, downMix, type WavAudio } from '../base/wav.ts';
import { deriveKey, purposes } from './random.ts';
import { synthesizeVoice } from './voice.ts';

export const voiceCount = 12;
export const voiceSeconds = 10;

/** 20 ms frames, by their number. */
export interface FrameSource {
  /** The PCM of a frame: 16-bit, little-endian. */
  pcm(at: number): Uint8Array;
  /** The same as base64 in ASCII bytes, ready to be copied into a message. */
  base64(at: number): Uint8Array;
}

/** Where a participant is at its first frame; frame n is at `offset` + n, modulo the loop's length. */
export interface AudioPlace {
  readonly loop: FrameSource;
  readonly offset: number;
}

export interface AudioSource {
  /** Different loops in all. Made when first asked for, which takes some 20 ms each: too long while calls are paced. */
  readonly loopCount: number;
  /** `ordinal` numbers the participants of the whole run; consecutive ones are on different loops as far as there are. */
  place(ordinal: number): AudioPlace;
}

/** So many frames, over and over. */
export class AudioLoop implements FrameSource {
  readonly frameCount: number;
  private readonly samples: Uint8Array;
  private readonly frameBytes: number;
  private texts: Uint8Array[] | null = null;

  /** `samples` must be whole frames. */
  constructor(samples: Int16Array, sampleRate: number) {
    this.frameBytes = frameBytes(sampleRate);
    this.frameCount = (samples.length * 2) / this.frameBytes;
    const view = new DataView(new ArrayBuffer(samples.length * 2));
    for (let i = 0; i < samples.length; i++) view.setInt16(i * 2, samples[i]!, true);
    this.samples = new Uint8Array(view.buffer);
  }

  pcm(at: number): Uint8Array {
    const start = (at % this.frameCount) * this.frameBytes;
    return this.samples.subarray(start, start + this.frameBytes);
  }

  base64(at: number): Uint8Array {
    this.texts ??= Array.from({ length: this.frameCount }, (_, frame) => {
      const pcm = this.pcm(frame);
      return Buffer.from(Buffer.from(pcm.buffer, pcm.byteOffset, pcm.length).toString('base64'), 'latin1');
    });
    return this.texts[at % this.frameCount]!;
  }
}

/** Makes everything that the first `participantCount` participants need. */
export function prepareAudio(source: AudioSource, participantCount: number): void {
  for (let i = 0; i < Math.min(source.loopCount, participantCount); i++) source.place(i).loop.base64(0);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A step that visits all of `count` places before one comes back, and leaves neighbours far apart. */
function scatterStep(count: number): number {
  let step = Math.max(1, Math.round(count * 0.618));
  while (commonDivisor(step, count) !== 1) step++;
  return step;
}

/** The bank asked for last: who asks for many timelines of a run asks for the same one each time. */
let lastBank: { readonly seed: number; readonly sampleRate: number; readonly source: AudioSource } | null = null;

/** The bank of synthetic voices. A voice is made when the first participant needs it. */
export function syntheticAudio(seed: number, sampleRate: number): AudioSource {
  if (lastBank === null || lastBank.seed !== seed || lastBank.sampleRate !== sampleRate) {
    lastBank = { seed, sampleRate, source: voiceBank(seed, sampleRate) };
  }
  return lastBank.source;
}

function voiceBank(seed: number, sampleRate: number): AudioSource {
  const frameCount = voiceSeconds * framesPerSecond;
  const step = scatterStep(frameCount);
  const shift = deriveKey(seed, purposes.place);
  const loops = new Map<number, AudioLoop>();
  return {
    loopCount: voiceCount,
    place(ordinal) {
      const voice = (ordinal + shift) % voiceCount;
      let loop = loops.get(voice);
      if (loop === undefined) {
        const samples = synthesizeVoice(seed, voice, sampleRate, voiceSeconds * sampleRate);
        loop = new AudioLoop(samples, sampleRate);
        loops.set(voice, loop);
      }
      const round = Math.floor(ordinal / voiceCount) % frameCount;
      return { loop, offset: (deriveKey(seed, purposes.place, voice) + round * step) % frameCount };
    },
  };
}

/** What `--audio` may bring: an hour at 24 kHz is 173 MB, and as much again in base64. */
export const audioFileBytesMax = 256 * 1024 * 1024;

/**
 * A WAV file, played in a loop. The first participant begins at its beginning, every other one elsewhere.
 * `name` is for messages. Throws `bad_audio` if it is not 16-bit PCM at `sampleRate`, or too long.
 */
export function fileAudio(bytes: Uint8Array, name: string, sampleRate: number): AudioSource {
  if (bytes.length > audioFileBytesMax) {
    const [mib, mostMib] = [bytes.length, audioFileBytesMax].map((size) => Math.ceil(size / 2 ** 20));
    throw new GatewayError('bad_audio', `${name}: it is of ${mib} MiB, and ${mostMib} may be played: cut it`);
  }
  const remedy = `convert it, for instance with: ffmpeg -i INPUT -ac 1 -ar ${sampleRate} -c:a pcm_s16le OUTPUT.wav`;
  let audio: WavAudio;
  try {
    audio = decodeWav(bytes);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'bad_audio') throw error;
    throw new GatewayError('bad_audio', `${name}: ${error.message}; ${remedy}`, { cause: error });
  }
  if (audio.sampleRate !== sampleRate) {
    const found = `it is at ${audio.sampleRate} Hz, and the calls are at ${sampleRate} Hz`;
    throw new GatewayError('bad_audio', `${name}: ${found}; choose the other --rate if that fits, or ${remedy}`);
  }
  const mono = downMix(audio);
  const frameSamples = frameBytes(sampleRate) / 2;
  const frameCount = Math.ceil(mono.length / frameSamples);
  if (frameCount === 0) {
    throw new GatewayError('bad_audio', `${name}: it holds no audio; at least ${frameDurationMs} ms are needed`);
  }
  // The last frame is filled up with silence.
  const samples = new Int16Array(frameCount * frameSamples);
  samples.set(mono);
  const loop = new AudioLoop(samples, sampleRate);
  const step = scatterStep(frameCount);
  return { loopCount: 1, place: (ordinal) => ({ loop, offset: ((ordinal % frameCount) * step) % frameCount }) };
}
