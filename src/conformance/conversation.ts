/**
 * A call in which the caller speaks and listens at real pace. Main thread. Invariant: frames leave on an absolute schedule, spoken
 * or silent, as long as the conversation is awaited.
 */
import { frameBytes, frameDurationMs, type SampleRate } from '../base/limits.ts';
import { Correlator, Template } from '../simulator/correlator.ts';
import type { CallIdentity } from '../simulator/identity.ts';
import { isAudible } from '../simulator/loudness.ts';
import { audioMessage } from '../simulator/message.ts';
import { synthesizeVoice } from '../simulator/voice.ts';
import type { Call } from './call.ts';
import { Ear } from './ear.ts';
import type { Kit } from './kit.ts';
import { rest } from './timing.ts';

const voiceSeconds = 4;
/** How much of the caller's first words is recognised as an echo. */
const wordsMs = 400;
const tickMs = 10;

interface CallerVoice {
  readonly frames: readonly string[];
  readonly silence: string;
  readonly words: Template;
}

const voices = new Map<SampleRate, CallerVoice>();

/** A voice without pauses, in which a server finds no end of a turn. */
function callerVoice(sampleRate: SampleRate): CallerVoice {
  const known = voices.get(sampleRate);
  if (known !== undefined) return known;
  const samples = synthesizeVoice(1, 3, sampleRate, voiceSeconds * sampleRate);
  const bytesPerFrame = frameBytes(sampleRate);
  const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const all = Array.from({ length: pcm.length / bytesPerFrame }, (_, i) =>
    pcm.subarray(i * bytesPerFrame, (i + 1) * bytesPerFrame),
  );
  const spoken = all.filter((frame) => isAudible(frame, frame.length));
  const words = Buffer.concat(spoken.slice(0, wordsMs / frameDurationMs));
  const voice = {
    frames: spoken.map((frame) => frame.toString('base64')),
    silence: Buffer.alloc(bytesPerFrame).toString('base64'),
    words: new Template(new Int16Array(words.buffer, words.byteOffset, words.length / 2), sampleRate),
  };
  voices.set(sampleRate, voice);
  return voice;
}

export interface ConversationOptions {
  readonly sampleRate?: SampleRate;
  readonly identity?: CallIdentity;
}

export class Conversation {
  readonly call: Call;
  readonly ear: Ear;
  private readonly voice: CallerVoice;
  private readonly startMs = performance.now();
  /** When this process meant to wake up. */
  private dueMs = performance.now();

  private constructor(call: Call) {
    const { sampleRate } = call.shape;
    this.call = call;
    this.voice = callerVoice(sampleRate);
    const template = this.voice.words;
    this.ear = new Ear(sampleRate, { template, correlator: new Correlator(sampleRate, template.samples.length) });
    call.link.onText = (text) => {
      const nowMs = performance.now();
      this.ear.hear(text, nowMs, Math.max(0, nowMs - this.dueMs));
    };
  }

  static async begin(kit: Kit, options: ConversationOptions = {}): Promise<Conversation> {
    return new Conversation(await kit.call(options));
  }

  /** Over an existing call. */
  static over(call: Call): Conversation {
    return new Conversation(call);
  }

  /** The caller speaks this long. */
  async speak(forMs: number): Promise<void> {
    await this.play(forMs, true, () => false);
  }

  /** The caller is silent until the condition holds, or the time is over. Returns which. */
  listen(forMs: number, until: () => boolean = () => false): Promise<boolean> {
    return this.play(forMs, false, until);
  }

  private async play(forMs: number, isSpeaking: boolean, until: () => boolean): Promise<boolean> {
    const { call, voice } = this;
    const beganMs = performance.now();
    // Nobody spoke while nothing was awaited: those frames are skipped.
    call.frame = Math.max(call.frame, Math.floor((beganMs - this.startMs) / frameDurationMs));
    const firstFrame = call.frame;
    for (;;) {
      const nowMs = performance.now();
      if (until()) return true;
      if (nowMs - beganMs >= forMs || !call.link.isOpen) return false;
      while (call.frame * frameDurationMs <= nowMs - this.startMs) {
        const word = voice.frames[(call.frame - firstFrame) % voice.frames.length]!;
        const data = isSpeaking ? word : voice.silence;
        const timestamp = call.timestamp(call.frame++);
        call.link.send(audioMessage({ participantId: null, timestamp, data, silent: false }));
      }
      this.dueMs = nowMs + tickMs;
      await rest(tickMs);
    }
  }
}
