/** The voices that are known: a file of voiceprints by participant. Main thread. */
import { readFileSync, writeFileSync } from 'node:fs';
import { similarity } from './voiceprint.ts';

export interface Likeness {
  readonly name: string;
  /** From -1 to 1. */
  readonly score: number;
}

/** What the synthetic voices of the simulator suggest. Real ones need a real model, and a threshold measured with it. */
const sameMin = 0.93;

export class Voices {
  private readonly file: string;
  private readonly known: Map<string, readonly number[]>;

  private constructor(file: string, known: Map<string, readonly number[]>) {
    this.file = file;
    this.known = known;
  }

  /** A file that is not there knows nobody. */
  static open(file: string): Voices {
    try {
      return new Voices(file, new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return new Voices(file, new Map());
    }
  }

  get size(): number {
    return this.known.size;
  }

  enrol(name: string, voiceprint: readonly number[]): void {
    this.known.set(name, voiceprint);
    writeFileSync(this.file, JSON.stringify(Object.fromEntries(this.known)));
  }

  /** All that are known, the most alike first. */
  compare(voiceprint: readonly number[]): Likeness[] {
    const all = Array.from(this.known, ([name, known]) => ({ name, score: similarity(known, voiceprint) }));
    return all.sort((a, b) => b.score - a.score);
  }

  /** Whether it is the voice of whom it claims to be; null if that voice is not known. */
  isSame(name: string, voiceprint: readonly number[]): boolean | null {
    if (!this.known.has(name)) return null;
    const closest = this.compare(voiceprint)[0]!;
    return closest.name === name && closest.score >= sameMin;
  }
}
