/** Turns of one participant and of several, from frames that are put together here. */
import { expect, it } from 'vitest';
import { Conversation } from '../../examples/call-assistance/conversation.ts';
import type { Turn } from '../../examples/call-assistance/messages.ts';
import type { Utterance } from '../../examples/call-assistance/recogniser.ts';
import { Speaker } from '../../examples/call-assistance/speaker.ts';
import { Frame, FrameBatch, type Track } from '../../src/index.ts';
import { scene } from './speech.ts';

const sampleRate = 16_000;
const frameSamples = 320;
const beganAtMs = Date.UTC(2026, 0, 1);
const track: Track = {
  streamId: 's',
  callConnectionId: null,
  correlationId: null,
  participantId: '8:acs:a',
  sampleRate,
};

class Rig {
  readonly began: number[] = [];
  readonly turns: Turn[] = [];
  readonly utterances: Utterance[] = [];
  readonly speaker = new Speaker(track, {
    turnBegan: (startMs) => this.began.push(startMs),
    turnEnded: (turn) => this.turns.push(turn),
    utterance: (utterance) => this.utterances.push(utterance),
    ended() {},
  });
  private readonly batch = new FrameBatch(1);
  private readonly frame = new Frame();

  /** Says the frames of the samples, those for which `isThere`. */
  say(samples: Int16Array, isThere: (frame: number) => boolean = () => true): void {
    const { frame, batch, speaker } = this;
    for (let i = 0; (i + 1) * frameSamples <= samples.length; i++) {
      if (!isThere(i)) continue;
      frame.samples.set(samples.subarray(i * frameSamples, (i + 1) * frameSamples));
      frame.pcmBytes = 2 * frameSamples;
      frame.positionSamples = i * frameSamples;
      frame.timestampMs = beganAtMs + i * 20;
      batch.clear();
      batch.add(frame);
      speaker.take(batch, 0);
    }
  }
}

/** A voice that breaks off at full strength, as no throat does, rings on in the filter for a frame, if its phase is so. */
const endOf = (ms: number) => ms + 20;
const quiet = { sampleRate, noiseDb: -65, speechDb: -22 };

it('hands over what was said, with 200 ms around it, bit for bit', () => {
  const samples = scene({ ...quiet, ms: 5000 }, [
    [1000, 2000],
    [3000, 4000],
  ]);
  const rig = new Rig();
  rig.say(samples);
  expect(rig.turns.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [1000, endOf(2000)],
    [3000, 4000],
  ]);
  expect(rig.began).toEqual([1000, 3000]);
  expect(rig.turns[1]!.startedAtMs).toBe(beganAtMs + 3000);
  expect(rig.utterances.map(({ startMs }) => startMs)).toEqual([800, 2800]);
  rig.utterances.forEach(({ startMs, samples: said }, i) => {
    expect(said).toEqual(samples.slice(startMs * 16, (rig.turns[i]!.endMs + 200) * 16));
  });
});

it('has what was before a turn also if the last one was not long ago', () => {
  const rig = new Rig();
  rig.say(
    scene({ ...quiet, ms: 5000 }, [
      [1000, 2000],
      [2560, 3500],
    ]),
  );
  expect(rig.utterances.map(({ startMs }) => startMs)).toEqual([800, 2360]);
});

it('puts silence where a frame is missing, and ends a turn at a long hole', () => {
  const samples = scene({ ...quiet, ms: 6000 }, [[1000, 5000]]);
  const rig = new Rig();
  const isThere = (frame: number) => frame !== 75 && (frame < 100 || frame >= 150);
  rig.say(samples, isThere);
  expect(rig.turns.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [1000, 2000],
    [3000, endOf(5000)],
  ]);
  const first = rig.utterances[0]!;
  const expected = samples.slice(800 * 16, 2000 * 16);
  expected.fill(0, 700 * 16, 720 * 16);
  expect(first.samples).toEqual(expected);
  expect(rig.utterances[1]!.startMs).toBe(3000);
});

it('ends the turn of who sends nothing any more, and of whom the call has left', () => {
  const samples = scene({ ...quiet, ms: 2000 }, [[1000, 2000]]);
  const [idle, left] = [new Rig(), new Rig()];
  idle.say(samples);
  idle.speaker.idle(900);
  expect(idle.turns.length).toBe(0);
  idle.speaker.idle(1000);
  left.say(samples);
  left.speaker.end(100, 0);
  for (const { turns, utterances } of [idle, left]) {
    expect(turns).toEqual([{ participantId: '8:acs:a', startMs: 1000, endMs: 2000, startedAtMs: beganAtMs + 1000 }]);
    expect(utterances.length).toBe(1);
  }
});

it('hands over a long turn in pieces that fit together', () => {
  const samples = scene({ ...quiet, ms: 36_000 }, [[500, 35_000]]);
  const rig = new Rig();
  rig.say(samples);
  expect(rig.turns.length).toBe(1);
  expect(rig.utterances.length).toBe(3);
  const whole = Int16Array.from(rig.utterances.flatMap(({ samples: piece }) => [...piece]));
  expect(whole).toEqual(samples.slice(300 * 16, (endOf(35_000) + 200) * 16));
});

function turn(participantId: string, startMs: number, endMs: number): Turn {
  // Each has a timeline of its own, which began at another time.
  const ownStartMs = participantId.length * 1000;
  return { participantId, startMs: startMs - ownStartMs, endMs: endMs - ownStartMs, startedAtMs: beganAtMs + startMs };
}

it('knows who interrupted whom, and who only spoke beside, in whatever order it learns of it', () => {
  const conversation = new Conversation();
  const [a1, b1, a2, c1] = [turn('a', 0, 3000), turn('bb', 2000, 5000), turn('a', 6000, 9000), turn('ccc', 7000, 7400)];
  conversation.began('b', b1.startedAtMs);
  conversation.began('a', a1.startedAtMs);
  // b's end is heard of before a's, which was earlier.
  expect(conversation.turnEnded('b', b1)).toEqual([]);
  expect(conversation.turnEnded('a', a1)).toEqual([{ first: a1, second: b1, overlapMs: 1000, isInterruption: true }]);
  conversation.began('a', a2.startedAtMs);
  conversation.began('c', c1.startedAtMs);
  expect(conversation.turnEnded('c', c1)).toEqual([]);
  expect(conversation.turnEnded('a', a2)).toEqual([{ first: a2, second: c1, overlapMs: 400, isInterruption: false }]);
});
