/**
 * What others get wrong, as what must hold of anything that speaks into a call: each in a scene in which nothing else is wrong. Where
 * one does not hold, `complaint` is what the check says.
 */
import { expect } from 'vitest';
import { bytesOf, ramp } from './rig.ts';
import type { Speech } from './speech.ts';

export interface Expectation {
  readonly name: string;
  /** How it goes wrong. */
  readonly complaint: string;
  readonly check: (speech: Speech) => void | Promise<void>;
}

const second = 16_000;

/** Whether it has settled by now, without any time passing. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
  return settled;
}

/** Lets time pass until somebody says that it is over. Returns whether anybody does. */
async function runUntil(speech: Speech, promise: Promise<unknown>, msMax: number): Promise<boolean> {
  for (let ms = 0; ms < msMax; ms += 10) {
    if (await hasSettled(promise)) return true;
    speech.run(10);
  }
  return hasSettled(promise);
}

export const expectations: readonly Expectation[] = [
  {
    name: 'speaks at the pace of the clock, though every timer fires some milliseconds late',
    complaint: 'the call hears gaps',
    check: (speech) => {
      speech.begin().write(ramp(25 * second));
      speech.run(20_000, 7);
      expect(speech.acs.gaps, 'the call hears gaps').toEqual([]);
      expect(speech.acs.frames, 'it is behind the clock').toBeGreaterThanOrEqual(1_000);
    },
  },
  {
    name: 'is ahead of the call: a process that stands still for a moment is not heard',
    complaint: 'the stall is heard',
    check: (speech) => {
      speech.begin().write(ramp(5 * second));
      speech.run(500);
      speech.stall(130);
      speech.run(500);
      expect(speech.acs.gaps, 'the stall is heard').toEqual([]);
    },
  },
  {
    name: 'says nothing of an answer that was interrupted, though its source goes on writing',
    complaint: 'the old answer goes on',
    check: (speech) => {
      const answer = speech.begin();
      answer.write(ramp(5 * second));
      speech.run(500);
      speech.clear();
      // The model does not know yet.
      answer.write(ramp(second));
      speech.run(1_000);
      expect(speech.acs.stops, 'the call was not silenced').toBe(1);
      expect(speech.acs.framesSinceStop, 'the old answer goes on').toBe(0);
    },
  },
  {
    name: 'silences the call also when all was sent and is still being played',
    complaint: 'the call was not silenced',
    check: (speech) => {
      const answer = speech.begin();
      answer.write(ramp(3_200));
      answer.end();
      speech.run(190);
      expect(speech.acs.aheadMs, 'nothing is being played').toBeGreaterThan(0);
      speech.clear();
      expect(speech.acs.stops, 'the call was not silenced').toBe(1);
      expect(speech.acs.aheadMs, 'the call hears more').toBe(0);
    },
  },
  {
    name: 'counts as heard what the call has heard, and not what waits',
    complaint: 'what waits was counted as heard',
    check: (speech) => {
      speech.begin().write(ramp(10 * second));
      speech.run(1_000);
      speech.clear();
      const heardMs = speech.acs.heard.length / 32;
      expect(speech.playedMs, 'what waits was counted as heard').toBeLessThanOrEqual(heardMs);
      expect(speech.playedMs, 'what was heard was not counted').toBeGreaterThan(heardMs - 21);
    },
  },
  {
    name: 'makes no delay for the rest of the call of what piled up while the peer did not read',
    complaint: 'live audio is late for the rest of the call',
    check: (speech) => {
      const live = speech.begin({ isLive: true });
      const relay = (ms: number) => {
        for (let at = 0; at < ms; at += 20) {
          live.write(ramp(320));
          speech.run(20);
        }
      };
      relay(1_000);
      speech.acs.isBlocked = true;
      relay(5_000);
      speech.unblock();
      relay(2_000);
      // What was written last is behind all of this.
      expect(speech.acs.aheadMs, 'live audio is late for the rest of the call').toBeLessThan(300);
      expect(speech.acs.framesSinceStop, 'it says nothing more').toBeGreaterThan(50);
    },
  },
  {
    name: 'plays the goodbye to its last sample',
    complaint: 'the last samples are missing',
    check: async (speech) => {
      const goodbye = speech.begin();
      goodbye.write(ramp(second + 100));
      goodbye.end();
      expect(await runUntil(speech, goodbye.played(), 3_000), 'nobody says that it was played').toBe(true);
      const { heard } = speech.acs;
      const words = bytesOf(ramp(second + 100));
      expect(heard.subarray(0, words.length).equals(words), 'the last samples are missing').toBe(true);
    },
  },
  {
    name: 'says of an answer that was cut off that it is over',
    complaint: 'it is waited for',
    check: async (speech) => {
      const answer = speech.begin();
      answer.write(ramp(5 * second));
      speech.run(500);
      const played = answer.played();
      speech.clear();
      expect(await runUntil(speech, played, 1_000), 'it is waited for').toBe(true);
    },
  },
  {
    name: 'says so at the end of the call as well',
    complaint: 'it is waited for',
    check: async (speech) => {
      const answer = speech.begin();
      answer.write(ramp(5 * second));
      speech.run(500);
      const played = answer.played();
      speech.hangUp();
      expect(await runUntil(speech, played, 10_000), 'it is waited for').toBe(true);
    },
  },
  {
    name: 'plays speech of another rate without a seam between its pieces',
    complaint: 'the tone is broken',
    check: (speech) => {
      const [hz, amplitude] = [440, 12_000];
      const value = (i: number, rate: number) => amplitude * Math.sin((2 * Math.PI * hz * i) / rate);
      const tone = Int16Array.from({ length: 48_000 }, (_, i) => value(i, 24_000));
      const words = speech.begin({ sampleRate: 24_000 });
      for (let at = 0; at < tone.length; at += 700) words.write(tone.subarray(at, at + 700));
      words.end();
      speech.run(3_000);
      const { heard } = speech.acs;
      let worst = 0;
      // Neither the edges nor what was added to the last frame.
      for (let i = 160; i < 2 * second - 480; i++) {
        worst = Math.max(worst, Math.abs(heard.readInt16LE(2 * i) - value(i, second)));
      }
      expect(worst, 'the tone is broken').toBeLessThan(0.03 * amplitude);
    },
  },
  {
    name: 'holds little for a peer that does not read, and tells its source',
    complaint: 'what waits has no bound',
    check: (speech) => {
      const answer = speech.begin();
      answer.write(ramp(second));
      speech.run(200);
      speech.acs.isBlocked = true;
      let taken = 0;
      for (let n = 0; n < 120; n++) {
        taken += answer.write(ramp(second));
        speech.run(500);
      }
      expect(taken, 'what waits has no bound').toBeLessThanOrEqual(31 * second);
      expect(speech.acs.buffered, 'the socket holds all of it').toBeLessThanOrEqual(16 * 1024);
    },
  },
  {
    name: 'gets the word that silences the call through to a peer that did not read',
    complaint: 'seconds of the old answer come first',
    check: (speech) => {
      speech.begin().write(ramp(25 * second));
      speech.run(200);
      speech.acs.isBlocked = true;
      speech.run(10_000);
      speech.clear();
      const { frames } = speech.acs;
      speech.unblock();
      speech.run(100);
      expect(speech.acs.stops, 'the call was not silenced').toBe(1);
      expect(speech.acs.frames - frames, 'seconds of the old answer come first').toBeLessThanOrEqual(15);
    },
  },
];
