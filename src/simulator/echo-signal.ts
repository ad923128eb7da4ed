/**
 * What calls say in an echo test: each second a burst of noise, zeros between. A burst is random steps, shaped to 200 to 800 Hz, which
 * every codec and resampler lets through. Pure; any thread. Invariants: a call says one of `burstCodes` bursts after the
 * other, in an order of its own, so that what comes back says when it was sent, and by whom; only integers and divisions by powers of two
 * or by the rate's step: the same samples on every machine.
 */
import { frameBytes, frameDurationMs, framesPerSecond } from '../base/limits.ts';
import { AudioLoop, type AudioSource, type FrameSource } from './audio.ts';
import { bitsAt, deriveKey, purposes } from './random.ts';

export const burstCodes = 256;
export const burstFrames = 5;
export const burstMs = burstFrames * frameDurationMs;
/** From one burst to the next. */
export const burstEveryFrames = framesPerSecond;

const stepsPerSecond = 2000;
const amplitude = 4000;

/** The samples of one burst. */
export function burstSamples(code: number, sampleRate: number): Int16Array {
  const steps = (burstMs * stepsPerSecond) / 1000;
  const samplesPerStep = sampleRate / stepsPerSecond;
  const key = deriveKey(purposes.burst, code);
  const random = (step: number) => ((bitsAt(key, step) & 1) === 0 ? amplitude : -amplitude);
  // The difference of steps that are two apart has neither a low nor a high end.
  const level = (step: number) => (step <= 0 || step >= steps ? 0 : random(step) - random(step - 2));
  return Int16Array.from({ length: steps * samplesPerStep }, (_, i) => {
    const step = Math.floor(i / samplesPerStep);
    const from = level(step);
    return Math.round(from + ((level(step + 1) - from) * (i % samplesPerStep)) / samplesPerStep);
  });
}

/** Which burst a participant says as its nth: none comes again before all others have. */
export function burstCode(ordinal: number, burst: number): number {
  const bits = bitsAt(deriveKey(purposes.burst, burstCodes), ordinal);
  const step = ((bits >>> 16) % burstCodes) | 1;
  return ((bits & 0xffff) + burst * step) % burstCodes;
}

/** The first frame of a participant's first burst: those of different calls are spread over the second. */
export function firstBurstFrame(ordinal: number): number {
  return 10 + ((ordinal * 7) % burstEveryFrames);
}

/** Where a frame of a participant is: the burst, and the frame of it; null between bursts. */
export function burstAt(ordinal: number, frame: number): { readonly burst: number; readonly part: number } | null {
  const at = frame - firstBurstFrame(ordinal);
  if (at < 0 || at % burstEveryFrames >= burstFrames) return null;
  return { burst: Math.floor(at / burstEveryFrames), part: at % burstEveryFrames };
}

class BurstFrames implements FrameSource {
  private readonly ordinal: number;
  private readonly bursts: readonly AudioLoop[];
  private readonly silence: AudioLoop;

  constructor(ordinal: number, bursts: readonly AudioLoop[], silence: AudioLoop) {
    this.ordinal = ordinal;
    this.bursts = bursts;
    this.silence = silence;
  }

  pcm(at: number): Uint8Array {
    const place = burstAt(this.ordinal, at);
    return place === null ? this.silence.pcm(0) : this.bursts[burstCode(this.ordinal, place.burst)]!.pcm(place.part);
  }

  base64(at: number): Uint8Array {
    const place = burstAt(this.ordinal, at);
    return place === null
      ? this.silence.base64(0)
      : this.bursts[burstCode(this.ordinal, place.burst)]!.base64(place.part);
  }
}

/** The first participant of each call says bursts, the others nothing. `streams`: participants of a call. */
export function echoAudio(sampleRate: number, streams: number): AudioSource {
  const bursts = Array.from(
    { length: burstCodes },
    (_, code) => new AudioLoop(burstSamples(code, sampleRate), sampleRate),
  );
  const silence = new AudioLoop(new Int16Array(frameBytes(sampleRate) / 2), sampleRate);
  for (const each of [...bursts, silence]) each.base64(0);
  return {
    loopCount: 1,
    place: (ordinal) => ({
      loop: ordinal % streams === 0 ? new BurstFrames(ordinal, bursts, silence) : silence,
      offset: 0,
    }),
  };
}
