/** Mouth to ear, of a server that sends back what it hears, after a time that is known. */
import { describe, expect, it } from 'vitest';
import { echoAudio, firstBurstFrame } from '../../src/simulator/echo-signal.ts';
import { EchoCall, EchoFigures } from '../../src/simulator/echo-test.ts';
import type { SimulateOptions } from '../../src/simulator/options.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { summarize } from '../../src/simulator/summary.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { judgingTimes } from '../support/starvation.ts';
import { type ReceivedCall, RecordingServer } from './support/server.ts';

/** Sends back each audio message after `delayMs`; `data` may be changed on its way. */
function echo(call: ReceivedCall, delayMs: number, change = (data: string) => data): void {
  call.socket.on('message', (bytes) => {
    const message = JSON.parse(String(bytes)) as { kind: string; audioData?: { data: string } };
    if (message.kind !== 'AudioData') return;
    const text = JSON.stringify({ Kind: 'AudioData', AudioData: { Data: change(message.audioData!.data) } });
    setTimeout(() => call.socket.send(text), delayMs);
  });
}

async function run(accepted: (call: ReceivedCall) => void, options: Partial<SimulateOptions> = {}) {
  await using server = await RecordingServer.start({ accepted });
  return await simulateCalls({ url: server.url, durationMs: 4000, seed: 3, echoTest: true, ...options });
}

describe('an echo test', () => {
  it.each([
    [16_000, 0, 60],
    [24_000, 1, 300],
  ] as const)(
    'at %i Hz with %i participants finds the %i ms that the server takes',
    async (sampleRate, participants, delayMs) =>
      judgingTimes(async (machine) => {
        const report = await run((call) => echo(call, delayMs), { calls: 3, sampleRate, participants });
        const { bursts, serverMs, mouthToEarMs, queuedMs } = report.echo!;
        expect(report.ok).toBe(true);
        expect(bursts.sent).toBeGreaterThanOrEqual(9);
        expect(bursts.heard).toBeGreaterThanOrEqual(bursts.sent - 3);
        expect(bursts.lost).toBe(0);
        expect(serverMs.p50).toBeGreaterThan(delayMs - 3);
        expect(serverMs.p50).toBeLessThan(delayMs + 15 + machine.worstMs);
        expect(mouthToEarMs.p50).toBeGreaterThanOrEqual(serverMs.p50 - 1);
        expect(mouthToEarMs.p50).toBeLessThan(serverMs.p50 + queuedMs.max + 1);
        expect(summarize(report)).toMatch(/^to the ear +p50 \d+ ms, p95 \d+ ms, p99 \d+ ms, max \d+ ms$/m);
      })(),
  );

  it('finds nothing in the words of another call', async () => {
    const calls: ReceivedCall[] = [];
    const report = await run(
      (call) => {
        calls.push(call);
        call.socket.on('message', (bytes) => {
          const other = calls.find((each) => each !== call);
          if (String(bytes).includes('"audioData"')) other?.socket.send(String(bytes));
        });
      },
      { calls: 2, durationMs: 8000, rampMs: 0 },
    );
    expect(report.echo!.bursts.heard).toBeLessThanOrEqual(1);
    expect(report.echo!.bursts.lost).toBeGreaterThan(0);
    expect(summarize(report)).toMatch(/^echo +[01] of \d+ bursts heard, \d+ lost$/m);
  });

  it('says the same bursts for the same options, so that recordings can be compared', () => {
    const pcm = expectedTimeline({ echoTest: true, durationMs: 2000, participants: 2, calls: 2, seed: 9 }, 1, 0);
    const place = echoAudio(16_000, 2).place(2);
    for (let frame = 0; frame < 100; frame++) {
      expect(Buffer.compare(pcm.subarray(frame * 640, (frame + 1) * 640), place.loop.pcm(frame))).toBe(0);
    }
    const other = expectedTimeline({ echoTest: true, durationMs: 2000, participants: 2, calls: 2, seed: 9 }, 1, 1);
    expect(other.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a burst', () => {
  const frames = echoAudio(16_000, 1).place(0).loop;
  const first = firstBurstFrame(0);

  /** Says the first burst at its time and hears it `delayMs` later; the clock is ours. */
  function heardAfter(delayMs: number, then: (call: EchoCall, heardAt: number) => void): EchoFigures {
    const figures = new EchoFigures(16_000);
    const call = new EchoCall(0, 16_000, 0, figures);
    for (let part = 0; part < 5; part++) call.sent(first + part, false, (first + part) * 20);
    const heardAt = first * 20 + delayMs;
    for (let part = 0; part < 10; part++) {
      const pcm = frames.pcm(first + part);
      call.received(pcm, pcm.length, (heardAt + part * 20) * 32, (first + part) * 20 + 7);
    }
    then(call, heardAt);
    return figures;
  }

  it('is heard when it has been played', () => {
    const figures = heardAfter(400, (call, heardAt) => call.end(heardAt + 100));
    expect([figures.sent, figures.heard, figures.lost]).toEqual([1, 1, 0]);
    expect([figures.mouthToEar.maxMs, figures.server.maxMs, figures.queued.maxMs]).toEqual([400, 7, 393]);
  });

  it('is not heard when StopAudio takes it away, nor when the call ends before', () => {
    const stopped = heardAfter(400, (call, heardAt) => call.stopped(heardAt + 50));
    expect([stopped.heard, stopped.lost]).toEqual([0, 1]);
    const ended = heardAfter(400, (call, heardAt) => call.end(heardAt + 50));
    expect([ended.heard, ended.lost]).toEqual([0, 0]);
  });

  it('that was not sent whole is not looked for', () => {
    const figures = new EchoFigures(16_000);
    const call = new EchoCall(0, 16_000, 0, figures);
    for (const part of [0, 1, 3, 4]) call.sent(first + part, false, 0);
    expect(figures.sent).toBe(0);
  });
});
