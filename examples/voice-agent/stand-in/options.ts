/** How the stand-in behaves. */
import type { Dialect } from '../settings.ts';
import type { Sound } from './sound.ts';

export interface StandInOptions {
  readonly port: number;
  readonly dialect: Dialect;
  /** What callers must have; null: anything. */
  readonly key: string | null;
  readonly sound: Sound;
  readonly answerMs: number;
  /** From the end of a turn to the response, and from there to its first audio. */
  readonly thinkMs: number;
  readonly firstAudioMs: number;
  /** Audio in one event; not a multiple of a frame, as with the real ones. */
  readonly deltaMs: number;
  /** How much faster than speech audio is sent. */
  readonly pace: number;
  /** Pieces of an answer that still come after it was broken off. */
  readonly lateDeltas: number;
  /** Its own count of an item's audio is shorter than what it has sent. */
  readonly shortMs: number;
  /** Every so many answers the connection is lost in the middle of one; 0: never. */
  readonly breakEvery: number;
  /** Every so many turns a tool is called first; 0: never. */
  readonly toolEvery: number;
  /** Every so many responses fail; 0: none. */
  readonly failEvery: number;
}

export const standInDefaults: StandInOptions = {
  port: 0,
  dialect: 'ga',
  key: null,
  sound: 'tones',
  answerMs: 6_000,
  thinkMs: 150,
  firstAudioMs: 150,
  deltaMs: 255,
  pace: 13,
  lateDeltas: 0,
  shortMs: 85,
  breakEvery: 0,
  toolEvery: 0,
  failEvery: 0,
};
