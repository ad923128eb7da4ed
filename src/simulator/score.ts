/**
 * What a voice says: a sequence of sounds and pauses in the rhythm of speech, independent of any sample rate. Pure; any
 * thread. Invariant: the score fills the given time exactly, and ends in a pause, so that a loop has no seam.
 */
import type { RandomSequence } from './random.ts';

type Formants = readonly [number, number, number];

export interface VoicedSound {
  readonly kind: 'voiced';
  readonly durationMs: number;
  readonly level: number;
  readonly pitchFrom: number;
  readonly pitchTo: number;
  readonly from: Formants;
  readonly to: Formants;
}

export interface NoiseSound {
  readonly kind: 'noise';
  readonly durationMs: number;
  readonly level: number;
  readonly frequency: number;
}

export interface Pause {
  readonly kind: 'pause';
  readonly durationMs: number;
}

export type Sound = VoicedSound | NoiseSound | Pause;

/** Formants of vowels as in "heed", "head", "had", "hot", "hawed", "who'd", "heard" (Peterson and Barney 1952). */
const vowels: readonly Formants[] = [
  [270, 2290, 3010],
  [530, 1840, 2480],
  [660, 1720, 2410],
  [730, 1090, 2440],
  [570, 840, 2410],
  [300, 870, 2240],
  [490, 1350, 1690],
];

const lastPauseMs = 150;

interface Speaker {
  readonly pitch: number;
  readonly formantScale: number;
  readonly syllableMs: number;
}

function speakerOf(random: RandomSequence, voice: number): Speaker {
  // Neighbouring voices are far apart in pitch: an ear, too, can tell which one it hears.
  const pitch = 90 + ((voice * 5) % 12) * 13 + random.between(0, 8);
  return { pitch, formantScale: 0.9 + (pitch - 90) / 640, syllableMs: random.between(150, 230) };
}

function vowel(random: RandomSequence, scale: number): Formants {
  const [f1, f2, f3] = vowels[random.below(vowels.length)]!;
  return [f1 * scale, f2 * scale, f3 * scale];
}

/** A syllable: perhaps a burst of noise, then a vowel that glides into another. `progress` runs through the phrase. */
function syllable(random: RandomSequence, speaker: Speaker, progress: number): Sound[] {
  const sounds: Sound[] = [];
  if (random.next() < 0.45) {
    const frequency = random.between(2800, 5600);
    sounds.push({ kind: 'noise', durationMs: random.between(30, 90), level: random.between(0.5, 1.2), frequency });
  }
  // Pitch falls through a phrase and moves within each syllable.
  const pitch = speaker.pitch * (1.15 - 0.3 * progress) * random.between(0.94, 1.08);
  sounds.push({
    kind: 'voiced',
    durationMs: speaker.syllableMs * random.between(0.6, 1.35),
    level: random.between(0.55, 1) * (1 - 0.35 * progress),
    pitchFrom: pitch * random.between(0.95, 1.1),
    pitchTo: pitch * random.between(0.88, 1.02),
    from: vowel(random, speaker.formantScale),
    to: vowel(random, speaker.formantScale),
  });
  if (random.next() < 0.3) sounds.push({ kind: 'pause', durationMs: random.between(15, 60) });
  return sounds;
}

function phrase(random: RandomSequence, speaker: Speaker): Sound[] {
  const count = 4 + random.below(7);
  const sounds: Sound[] = [];
  for (let i = 0; i < count; i++) sounds.push(...syllable(random, speaker, i / count));
  sounds.push({ kind: 'pause', durationMs: random.between(180, 700) });
  return sounds;
}

/** The sounds of `totalMs` of one voice. */
export function composeVoice(random: RandomSequence, voice: number, totalMs: number): Sound[] {
  const speaker = speakerOf(random, voice);
  const score: Sound[] = [];
  let leftMs = totalMs;
  while (leftMs > lastPauseMs) {
    for (const sound of phrase(random, speaker)) {
      if (leftMs - sound.durationMs < lastPauseMs) {
        score.push({ kind: 'pause', durationMs: leftMs });
        return score;
      }
      score.push(sound);
      leftMs -= sound.durationMs;
    }
  }
  score.push({ kind: 'pause', durationMs: leftMs });
  return score;
}
