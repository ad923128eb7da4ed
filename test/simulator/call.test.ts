import { afterEach, describe, expect, it } from 'vitest';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { Call } from '../../src/simulator/call.ts';
import type { CallContext, Patience } from '../../src/simulator/call-context.ts';
import { Hearing } from '../../src/simulator/hearing.ts';
import { TimestampWriter } from '../../src/simulator/message.ts';
import { completeOptions, type SimulateOptions } from '../../src/simulator/options.ts';
import { Tally } from '../../src/simulator/tally.ts';
import { judgingTimes } from '../support/starvation.ts';
import { audioOf, RecordingServer, record } from './support/server.ts';

const patient: Patience = { bufferedBytesMax: 4 * 1024 * 1024, flushGraceMs: 10_000, closeGraceMs: 5000 };

let wheel: TimerWheel | null = null;
afterEach(() => wheel?.stop());

/** Runs one call on a clock that goes `speed` times as fast as the real one. */
async function run(options: SimulateOptions, speed: number, patience: Patience) {
  const complete = completeOptions(options);
  const origin = performance.now();
  const clock = () => origin + (performance.now() - origin) * speed;
  wheel = new TimerWheel(clock);
  const tally = new Tally();
  const context: CallContext = {
    options: complete,
    wheel,
    clock,
    wallClock: () => Date.now(),
    begunAt: origin,
    tally,
    timestamps: new TimestampWriter(),
    hearing: new Hearing(complete, null),
    patience,
  };
  const planned = { call: 0, frameCount: complete.frameCount, startFrame: 0 };
  const call = await new Promise<Call>((resolve) => new Call(planned, 0, context, resolve));
  return { call, tally };
}

describe('a server that stops reading', () => {
  // 30 participants for 20 s are some 30 MB: more than the kernel takes in for a reader that does not read.
  const options = { participants: 30, durationMs: 20_000, seed: 2 };

  it(
    'makes us skip frames, not grow without bound, and give up in the end',
    judgingTimes(async () => {
      await using server = await RecordingServer.start({ accepted: (call) => call.socket.pause() });
      const patience = { ...patient, bufferedBytesMax: 1024 * 1024, flushGraceMs: 2000 };
      const { call, tally } = await run({ ...options, url: server.url }, 20, patience);
      expect([call.outcome, call.closeCode]).toEqual(['unflushed', 1006]);
      expect(tally.unsentFrames).toBeGreaterThan(1000);
      expect(call.unsentFrames).toBe(tally.unsentFrames);
      const sent = call.tracks.reduce((sum, track) => sum + track.sent.counts.frames, 0);
      expect(sent + tally.unsentFrames).toBe(30 * 1000);
    }),
  );

  it(
    'and reads again later must have counted what the report says',
    judgingTimes(async () => {
      await using server = await RecordingServer.start({
        accepted: (call) => {
          setTimeout(() => call.socket.pause(), 100);
          setTimeout(() => call.socket.resume(), 900);
        },
      });
      const { call, tally } = await run({ ...options, url: server.url }, 20, {
        ...patient,
        bufferedBytesMax: 1024 * 1024,
      });
      expect(call.outcome).toBe('completed');
      expect(tally.unsentFrames).toBeGreaterThan(1000);
      const streams = audioOf(server.calls[0]!);
      for (const track of call.tracks) {
        const audio = streams.get(track.id!)!;
        expect(audio.length).toBe(track.sent.counts.frames);
        // Every buffer was left alone until it was written: the audio is in its place, bit for bit.
        const pcm = record(audio, 640);
        for (let index = track.sent.first; index <= track.sent.highest; index++) {
          const at = (index - track.sent.first) * 640;
          const expected = track.sent.has(index) ? track.place.loop.pcm(track.place.offset + index) : Buffer.alloc(640);
          if (!Buffer.from(expected).equals(pcm.subarray(at, at + 640))) expect.fail(`${track.id}: frame ${index}`);
        }
      }
    }),
  );
});

describe('a server that does not close properly', () => {
  it(
    'is cut off when it never answers our close',
    judgingTimes(async () => {
      await using server = await RecordingServer.start({
        accepted: (call) => setTimeout(() => call.socket.pause(), 30),
      });
      const { call, tally } = await run({ url: server.url, durationMs: 200 }, 1, { ...patient, closeGraceMs: 200 });
      expect([call.outcome, call.closeCode]).toEqual(['unanswered', 1006]);
      expect(tally.outcomes).toMatchObject({ completed: 0, unanswered: 1 });
    }),
  );

  it(
    'is cut off when it begins to close and never finishes; its code counts',
    judgingTimes(async () => {
      await using server = await RecordingServer.start({
        accepted: (call) =>
          setTimeout(() => {
            call.socket.close(1011);
            call.socket.pause();
          }, 50),
      });
      const { call } = await run({ url: server.url, durationMs: 5000 }, 1, { ...patient, closeGraceMs: 200 });
      expect([call.outcome, call.closeCode]).toEqual(['ended_early', 1011]);
    }),
  );
});
