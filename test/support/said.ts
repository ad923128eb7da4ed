/** Speech of which every frame says where it belongs: all its samples are one number, its utterance's and its own. */

const frameSamples = 320;
const framesMax = 1_000;

export interface SaidFrame {
  readonly utterance: number;
  readonly frame: number;
}

/** Frames of an utterance from `frame` on. Utterances are numbered from 1 to 31. */
export function saidFrame(utterance: number, frame: number, count: number): Int16Array {
  return Int16Array.from({ length: count * frameSamples }, (_, i) => {
    return utterance * framesMax + frame + Math.floor(i / frameSamples);
  });
}

/** The frames of a file of it, pauses left out. Throws where it is not whole frames of it. */
export function readSaid(pcm: Buffer): SaidFrame[] {
  const frames: SaidFrame[] = [];
  for (let at = 0; at < pcm.length; ) {
    const value = pcm.readInt16LE(at);
    if (value === 0) {
      at += 2;
      continue;
    }
    const end = at + 2 * frameSamples;
    for (let i = at; i < end; i += 2) {
      if (i >= pcm.length || pcm.readInt16LE(i) !== value) throw new Error(`half a frame at byte ${at}`);
    }
    frames.push({ utterance: Math.floor(value / framesMax), frame: value % framesMax });
    at = end;
  }
  return frames;
}
