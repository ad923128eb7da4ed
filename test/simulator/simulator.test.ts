import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordingName } from '../../src/base/recording-name.ts';
import { encodeWavHeader } from '../../src/base/wav.ts';
import type { FrameCounts } from '../../src/simulator/expectation.ts';
import { type Progress, simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { block } from '../support/block.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { always, judgingTimes, Starvation, unlessStarved } from '../support/starvation.ts';
import { type AudioData, audioOf, judge, type ReceivedCall, RecordingServer, record } from './support/server.ts';

/** Counts as the brief for receivers says, from timestamps alone: written anew here, with sets, to check the simulator's. */
function countFrames(frames: readonly AudioData[], mixed: boolean): FrameCounts {
  const seen = new Set<number>();
  const counts = { frames: 0, silentFrames: 0, missingFrames: 0, gaps: 0, duplicateFrames: 0, outOfOrderFrames: 0 };
  let highest = Number.NEGATIVE_INFINITY;
  for (const { timestamp, silent } of frames) {
    const time = Date.parse(timestamp);
    counts.frames++;
    if (silent) counts.silentFrames++;
    if (seen.has(time)) counts.duplicateFrames++;
    else if (time < highest) counts.outOfOrderFrames++;
    else if (time - highest > 20 && Number.isFinite(highest) && (mixed || time - highest <= 500)) {
      counts.missingFrames += (time - highest) / 20 - 1;
      counts.gaps++;
    }
    seen.add(time);
    highest = Math.max(highest, time);
  }
  return counts;
}

function outcomes(calls: readonly ReceivedCall[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const message of calls.flatMap((call) => call.messages)) {
    const { outcome } = judge(message);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

describe('a call without impairments', () => {
  it('is dialled as ACS dials: its headers, no sub-protocol, no extension', async () => {
    await using server = await RecordingServer.start();
    const report = await simulateCalls({
      url: `${server.url}/deeper?key=value`,
      durationMs: 40,
      headers: { 'X-Test': 'yes' },
      token: 'secret',
    });
    const call = server.calls[0]!;
    expect(call.headers).toMatchObject({
      'x-ms-call-connection-id': report.perCall[0]!.callConnectionId,
      'x-ms-call-correlation-id': report.perCall[0]!.correlationId,
      'x-test': 'yes',
      authorization: 'Bearer secret',
    });
    expect(call.headers['sec-websocket-extensions']).toBeUndefined();
    expect(call.headers['sec-websocket-protocol']).toBeUndefined();
    expect(call.path).toBe('/audio/deeper?key=value');
  });

  it('sends the metadata, then a frame for every 20 ms, then closes with 1000', async () => {
    await using server = await RecordingServer.start();
    const report = await simulateCalls({ url: server.url, durationMs: 200, seed: 5, sampleRate: 24_000 });
    const call = server.calls[0]!;
    const { subscriptionId } = report.perCall[0]!;
    expect(JSON.parse(call.messages[0]!.text)).toEqual({
      kind: 'AudioMetadata',
      audioMetadata: { subscriptionId, encoding: 'PCM', sampleRate: 24_000, channels: 1, length: 960 },
    });
    expect(call.messages.length).toBe(11);
    expect(call.closeCode).toBe(1000);
    expect(report).toMatchObject({ ok: true, closes: { '1000': 1 }, calls: { completed: 1 }, refused: {}, failed: {} });
  });

  it('writes audio messages byte for byte like the captured ones', async () => {
    await using server = await RecordingServer.start();
    const report = await simulateCalls({ url: server.url, durationMs: 60, participants: 1, seed: 5 });
    const pcm = expectedTimeline({ durationMs: 60, participants: 1, seed: 5 }, 0, 0);
    const id = report.perCall[0]!.participants[0]!.id;
    const first = JSON.parse(server.calls[0]!.messages[1]!.text).audioData.timestamp;
    for (const n of [0, 1, 2]) {
      const timestamp = new Date(Date.parse(first) + n * 20).toISOString();
      const data = Buffer.from(pcm.subarray(n * 640, n * 640 + 640)).toString('base64');
      expect(server.calls[0]!.messages[n + 1]!.text).toBe(
        `{"kind":"AudioData","audioData":{"timestamp":"${timestamp}","participantRawID":"${id}","data":"${data}","silent":false}}`,
      );
    }
  });

  it('has timestamps on the clock of the wall', async () => {
    await using server = await RecordingServer.start();
    const before = Date.now();
    await simulateCalls({ url: server.url, durationMs: 40 });
    const { timestamp } = audioOf(server.calls[0]!).get('')![0]!;
    expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now());
  });

  it('has the same ids and the same audio for the same seed', async () => {
    await using server = await RecordingServer.start();
    const run = async (seed: number) => {
      server.calls.length = 0;
      const { perCall } = await simulateCalls({ url: server.url, calls: 2, participants: 3, durationMs: 40, seed });
      const data = perCall.flatMap((call) =>
        [...audioOf(server.call(call.callConnectionId)).values()].flat().map((frame) => frame.data),
      );
      // When frames really left is never the same.
      return JSON.stringify([perCall.map(({ asSent, ...call }) => call), data]);
    };
    const first = await run(1);
    expect(await run(2)).not.toBe(first);
    expect(await run(1)).toBe(first);
  });

  it('can be made over TLS, with a certificate that no authority signed only if asked to', async () => {
    await using server = await RecordingServer.start({ tls: selfSignedCertificate() });
    const careful = await simulateCalls({ url: server.url, durationMs: 40 });
    expect(careful.unreachable).toContain('--insecure accepts it');
    const careless = await simulateCalls({ url: server.url, durationMs: 200, participants: 3, insecure: true });
    expect(careless).toMatchObject({ ok: true, expected: { frames: 30 } });
    expect(outcomes(server.calls)).toEqual({ control: 1, committed: 30 });
  });
});

describe.concurrent('an impaired run', () => {
  const impairments = {
    loss: 0.1,
    duplicate: 0.1,
    reorder: 0.1,
    malformed: 0.2,
    silence: 0.2,
    jitterMs: 30,
    durationMs: 1000,
    seed: 77,
  };

  it.each([
    { calls: 5, participants: 3, sampleRate: 16_000 as const },
    { calls: 8, participants: 0, sampleRate: 24_000 as const },
  ])('is counted as a receiver counts it, and saved as a receiver records it: %o', async (shape) => {
    await using server = await RecordingServer.start();
    const save = mkdtempSync(join(tmpdir(), 'simulator-'));
    const options = { ...impairments, ...shape };
    const report = await simulateCalls({ ...options, url: server.url, save });

    const { frames, messages } = report.expected;
    expect(outcomes(server.calls)).toEqual({
      committed: messages.committed,
      control: messages.control,
      ignored: messages.ignored,
      ...messages.dropped,
    });
    expect(server.calls.flatMap((call) => call.messages).length).toBe(messages.received);
    expect(frames).toBe(messages.committed);

    const sum = { missingFrames: 0, gaps: 0, duplicateFrames: 0, outOfOrderFrames: 0, silentFrames: 0, frames: 0 };
    for (const call of report.perCall) {
      const streams = audioOf(server.call(call.callConnectionId));
      expect([...streams.keys()]).toEqual(call.participants.map(({ id }) => id ?? ''));
      call.participants.forEach(({ id, ...counts }, participant) => {
        const audio = streams.get(id ?? '')!;
        expect(countFrames(audio, id === null), `call ${call.call}`).toEqual(counts);
        for (const name of Object.keys(sum) as (keyof FrameCounts)[]) sum[name] += counts[name];

        const bytesPerFrame = shape.sampleRate / 25;
        const pcm = expectedTimeline(options, call.call, participant);
        expect(Buffer.from(record(audio, bytesPerFrame)).equals(pcm), `call ${call.call}`).toBe(true);
        const file = readFileSync(join(save, call.callConnectionId, `${recordingName(id)}.wav`));
        expect(file.equals(Buffer.concat([encodeWavHeader(shape.sampleRate, pcm.length), pcm]))).toBe(true);
      });
    }
    expect(report.expected).toMatchObject(sum);
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(5);
    expect(readdirSync(save).length).toBe(shape.calls);
    rmSync(save, { recursive: true });
  });

  it('delays frames by the jitter, keeps their order, and does not call that late', () =>
    unlessStarved(async (machine) => {
      await using server = await RecordingServer.start();
      const report = await simulateCalls({ url: server.url, participants: 2, durationMs: 600, jitterMs: 200 });
      const arrivals = server.calls[0]!.messages.slice(1).map(({ at, text }) => ({
        at,
        time: Date.parse(JSON.parse(text).audioData.timestamp),
      }));
      const times = arrivals.map(({ time }) => time);
      await always(() => {
        expect(arrivals.length).toBe(60);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      });
      const delays = arrivals.map(({ at, time }) => at - time);
      expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(50);
      expect(report.lateness.p50Ms).toBeLessThan(25 + machine.worstMs);
    }));

  it('replaces calls that are hung up by new ones, and says as much as without', async () => {
    await using server = await RecordingServer.start();
    const options = { calls: 3, churn: 10, durationMs: 1000, seed: 3, loss: 0.1 };
    const report = await simulateCalls({ ...options, url: server.url });
    expect(report).toMatchObject({ ok: true, calls: { dialled: 3 + 9, completed: 3 + 9 }, closes: { '1000': 12 } });
    expect(new Set(server.calls.map((call) => call.headers['x-ms-call-connection-id'])).size).toBe(12);
    expect(report.expected.frames + report.expected.missingFrames).toBe(3 * 50);
    for (const call of report.perCall) {
      const audio = audioOf(server.call(call.callConnectionId)).get('')!;
      expect(Buffer.from(record(audio, 640)).equals(expectedTimeline(options, call.call, 0))).toBe(true);
    }
  });
});

describe('pacing', () => {
  it('spreads the calls over the 20 ms and opens them over the ramp', () =>
    unlessStarved(async () => {
      await using server = await RecordingServer.start();
      await simulateCalls({ url: server.url, calls: 10, durationMs: 200, rampMs: 500 });
      const opened = server.calls.map((call) => call.openedAt);
      expect(Math.max(...opened) - Math.min(...opened)).toBeGreaterThan(400);
      const phases = server.calls.map((call) => Math.round(call.messages[1]!.at % 20));
      expect(new Set(phases).size).toBeGreaterThan(4);
    }));

  it('is absolute: a stall is caught up at once, and reported', async () => {
    await using machine = await Starvation.watch();
    await using server = await RecordingServer.start();
    const running = simulateCalls({ url: server.url, durationMs: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    block(250);
    const report = await running;
    const arrivals = server.calls[0]!.messages.slice(1).map(({ at }) => at);
    // 49 distances of 20 ms, stall or not.
    expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(950 - machine.worstMs);
    expect(arrivals.at(-1)! - arrivals[0]!).toBeLessThan(1100 + machine.worstMs);
    expect(report.lateness.maxMs).toBeGreaterThan(150);
    expect(report.lateness.lateFrames).toBeGreaterThan(5);
    expect(report.ok).toBe(true);
  });
});

describe('a server that does not play along', () => {
  it('is reported by status when it refuses', async () => {
    await using server = await RecordingServer.start({ refuse: (n) => [401, 503, 503, null][n]! });
    const report = await simulateCalls({ url: server.url, calls: 4, durationMs: 100, rampMs: 100 });
    expect(report).toMatchObject({
      ok: false,
      unreachable: null,
      refused: { '401': 1, '503': 2 },
      calls: { dialled: 4, opened: 1, completed: 1, refused: 3 },
      expected: { frames: 5 },
    });
  });

  it(
    'is reported by close code when it ends a call, and the other calls go on',
    judgingTimes(async () => {
      await using server = await RecordingServer.start({
        accepted: (call) => {
          if (server.calls.length === 1) setTimeout(() => call.socket.close(1013), 100);
        },
      });
      const report = await simulateCalls({ url: server.url, calls: 2, durationMs: 3000, rampMs: 40 });
      expect(report).toMatchObject({
        ok: false,
        closes: { '1000': 1, '1013': 1 },
        calls: { completed: 1, ended_early: 1 },
      });
      const early = report.perCall.find((call) => call.closeCode === 1013)!;
      expect(early.participants[0]!.frames).toBeLessThan(150);
    }),
  );

  it(
    'is reported when it breaks the connection',
    judgingTimes(async () => {
      await using server = await RecordingServer.start({
        accepted: (call) => setTimeout(() => call.socket.terminate(), 60),
      });
      const report = await simulateCalls({ url: server.url, durationMs: 3000 });
      expect(report).toMatchObject({ ok: false, closes: { '1006': 1 }, calls: { ended_early: 1 } });
    }),
  );

  it(
    'ends the run at once when nobody listens',
    judgingTimes(async () => {
      const server = await RecordingServer.start();
      const { url } = server;
      await server[Symbol.asyncDispose]();
      const before = performance.now();
      const report = await simulateCalls({ url, calls: 100, durationMs: 5000, rampMs: 5000 });
      expect(performance.now() - before).toBeLessThan(4000);
      expect(report.ok).toBe(false);
      expect(report.unreachable).toContain('connection refused');
    }),
  );

  it('may talk to us: it is counted, and nothing else', async () => {
    await using server = await RecordingServer.start({ accepted: (call) => call.socket.send('{"Kind":"StopAudio"}') });
    const report = await simulateCalls({ url: server.url, durationMs: 100 });
    expect(report).toMatchObject({ ok: true, received: { messages: 1, bytes: 20 } });
  });
});

describe('a run that is stopped', () => {
  it(
    'closes its calls with 1000 and reports what was sent until then',
    judgingTimes(async () => {
      await using server = await RecordingServer.start();
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 300);
      // The second half of the calls is not even dialled by then.
      const report = await simulateCalls(
        { url: server.url, calls: 4, durationMs: 60_000, rampMs: 1200 },
        { stopped: stop.signal },
      );
      expect(report).toMatchObject({ ok: false, interrupted: true, unreachable: null });
      expect(report.calls.dialled).toBeLessThan(4);
      expect(report.calls.interrupted).toBe(report.calls.dialled);
      expect(server.calls.map((call) => call.closeCode)).toEqual(server.calls.map(() => 1000));
      expect(report.expected.frames).toBe(outcomes(server.calls)['committed']);
    }),
  );

  it(
    'does not replace calls any more',
    judgingTimes(async () => {
      await using server = await RecordingServer.start();
      const options = { url: server.url, calls: 2, churn: 4, durationMs: 20_000, rampMs: 0 };
      const report = await simulateCalls(options, { stopped: AbortSignal.timeout(400) });
      expect(report.calls).toMatchObject({ dialled: 3, completed: 1, interrupted: 2 });
    }),
  );

  it('does not begin when it is stopped already', async () => {
    await using server = await RecordingServer.start();
    const report = await simulateCalls({ url: server.url, calls: 3 }, { stopped: AbortSignal.abort() });
    expect([report.interrupted, report.calls.dialled, server.calls.length]).toEqual([true, 0, 0]);
  });
});

describe('progress', () => {
  it(
    'is reported once a second',
    judgingTimes(async () => {
      await using server = await RecordingServer.start();
      const seen: Progress[] = [];
      await simulateCalls(
        { url: server.url, calls: 2, durationMs: 1400, rampMs: 0 },
        { onProgress: (progress) => seen.push(progress) },
      );
      expect(seen.length).toBe(1);
      expect(seen[0]).toMatchObject({ callsOpen: 2, unsentFrames: 0, callsRefused: 0 });
      expect(seen[0]!.framesPerSecond).toBeGreaterThan(60);
    }),
  );
});

describe('options', () => {
  it('are all checked before anything is dialled, and named in one go', async () => {
    const bad = { url: 'http://x', calls: 0, loss: 1.5, participants: 65, headers: { Upgrade: 'h2c' } };
    const lines = [
      'url: write ws:// in place of http://',
      'calls 0: expected an integer from 1 to 20000',
      'participants 65: expected an integer from 0 to 64',
      'loss 1.5: expected a number from 0 to 1',
      'header Upgrade: the simulator sets it itself; leave it out',
    ];
    await expect(simulateCalls(bad)).rejects.toMatchObject({ code: 'bad_settings', message: lines.join('\n') });
  });

  it('refuse more churn than the calls can bear, and say what would do', async () => {
    await expect(simulateCalls({ url: 'ws://x', calls: 2, churn: 11 })).rejects.toThrow('ask for 3 calls or more');
  });

  it('name a folder for recordings that cannot be made', async () => {
    await expect(simulateCalls({ url: 'ws://x', save: '/dev/null/recordings' })).rejects.toMatchObject({
      code: 'bad_settings',
    });
  });
});
