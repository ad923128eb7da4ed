/** Callers who interrupt, against servers that answer: what they say, and what is told of the server. */
import { describe, expect, it } from 'vitest';
import { Interrupter, InterruptionFigures } from '../../src/simulator/interrupter.ts';
import { isAudible } from '../../src/simulator/loudness.ts';
import type { SimulateOptions } from '../../src/simulator/options.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { summarize } from '../../src/simulator/summary.ts';
import { judgingTimes } from '../support/starvation.ts';
import { type ReceivedCall, RecordingServer } from './support/server.ts';

const loud = Buffer.alloc(640, 0x20).toString('base64');
const audio = `{"Kind":"AudioData","AudioData":{"Data":"${loud}"},"StopAudio":null}`;
const stop = '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}';

interface Manner {
  /** From the caller's first word to StopAudio; null: it is never sent. */
  readonly stopAfterMs: number | null;
  /** Frames of the old answer that come behind it. */
  readonly lateFrames: number;
  readonly answerMs: number;
}

/** Answers at once whenever the caller has said nothing for 800 ms. */
function answers(call: ReceivedCall, { stopAfterMs, lateFrames, answerMs }: Manner): void {
  let quiet = 0;
  let isAsked = false;
  call.socket.on('message', (bytes) => {
    const message = JSON.parse(String(bytes)) as { kind: string; audioData?: { data: string } };
    if (message.kind !== 'AudioData') return;
    const pcm = Buffer.from(message.audioData!.data, 'base64');
    quiet = isAudible(pcm, pcm.length) ? 0 : quiet + 1;
    if (quiet === 0 && !isAsked) {
      isAsked = true;
      if (stopAfterMs === null) return;
      setTimeout(() => {
        call.socket.send(stop);
        for (let i = 0; i < lateFrames; i++) call.socket.send(audio);
      }, stopAfterMs);
    } else if (quiet === 40 && isAsked) {
      isAsked = false;
      for (let ms = 0; ms < answerMs; ms += 20) call.socket.send(audio);
    }
  });
}

async function run(manner: Manner, options: Partial<SimulateOptions> = {}) {
  await using server = await RecordingServer.start({ accepted: (call) => answers(call, manner) });
  return await simulateCalls({ url: server.url, durationMs: 9000, seed: 3, bargeInMs: 500, ...options });
}

// They wait, most of the time.
describe.concurrent('a caller who interrupts', () => {
  it('is stopped for after the time that the server takes, and hears what comes late', () =>
    judgingTimes(async (machine) => {
      const report = await run({ stopAfterMs: 150, lateFrames: 7, answerMs: 6000 }, { calls: 2 });
      const { count, unstopped, stopMs, playedMs, framesAfterStop } = report.bargeIns!;
      expect(report.ok).toBe(true);
      // Two seconds of words, 0.8 of silence, half a second of answer, and again.
      expect([count >= 2, unstopped]).toEqual([true, 0]);
      expect(framesAfterStop).toBe(7 * count);
      expect(stopMs.p50).toBeGreaterThan(140);
      expect(stopMs.p50).toBeLessThan(180 + machine.worstMs);
      expect(playedMs.p50).toBeGreaterThan(stopMs.p50);
      expect(playedMs.p50).toBeLessThan(stopMs.p50 + 7 * 20 + 60 + machine.worstMs);
      expect(report.expected.silentFrames).toBeGreaterThan(100);
      expect(summarize(report)).toMatch(/^stopped in +p50 \d+ ms/m);
    })());

  it('reports a server that keeps talking', async () => {
    const report = await run({ stopAfterMs: null, lateFrames: 0, answerMs: 20_000 }, { durationMs: 12_000 });
    const { count, unstopped, playedMs } = report.bargeIns!;
    expect(count).toBeGreaterThanOrEqual(2);
    expect(unstopped).toBe(count);
    expect(playedMs.p50).toBeGreaterThan(1900);
    expect(summarize(report)).toMatch(/^barge-ins +\d, \d without StopAudio within 2 s$/m);
  });

  it('does not interrupt what is over', async () => {
    const report = await run({ stopAfterMs: 100, lateFrames: 0, answerMs: 300 });
    expect(report.bargeIns).toMatchObject({ count: 0, unstopped: 0 });
    expect(report.bargeIns!.tooShort).toBeGreaterThanOrEqual(2);
  });
});

it('asks again when nobody answers, and is quiet in between', () => {
  const caller = new Interrupter(500, new InterruptionFigures(), { playedMs: () => 0, emptyAt: () => 0 });
  let spans = '';
  for (let ms = 0; ms < 15_000; ms += 20) {
    const speaks = caller.isSpeaking(ms);
    if (speaks) caller.said(ms);
    if (ms % 500 === 0) spans += speaks ? 'x' : '.';
  }
  expect(spans).toBe('xxxx..........xxxx..........xx');
});

it('contradictions are refused, each with its remedy', async () => {
  const url = 'ws://127.0.0.1:9/audio';
  await expect(simulateCalls({ url, echoTest: true, bargeInMs: 500 })).rejects.toThrow(
    /echo-test: .*leave barge-in out/,
  );
  await expect(simulateCalls({ url, bargeInMs: 500, save: '/nowhere' })).rejects.toThrow(/barge-in: .*leave save out/);
});
