/** What was captured is played again, and the gateway counts and records the same. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, runCommand } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { drained, playCapture, startCapturing } from './captured.ts';

const call = { 'x-ms-call-connection-id': 'call-that-breaks-off' };
const pcm = (frame: number) => Buffer.alloc(640, frame + 1);

/** A call whose socket breaks off, comes back, is superseded, and hangs up. */
async function brokenCall(url: string): Promise<void> {
  const first = await AcsClient.connect(url, call);
  first.send(metadata(), audio(0, pcm(0)), audio(1, pcm(1)), '{"kind":"DtmfData","dtmfData":{"data":"5"}}');
  await new Promise((resolve) => setTimeout(resolve, 300));
  first.socket.terminate();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const second = await AcsClient.connect(url, call);
  second.send(metadata(), audio(40, pcm(40)), Buffer.from('binary'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const third = await AcsClient.connect(url, call);
  third.send(metadata(), audio(41, pcm(41)));
  expect(await second.closed).toBe(4000);
  await third.hangUp();
}

test(
  '100 calls with every impairment, captured and played again, are counted and recorded exactly as they were',
  judgingTimes(async (machine) => {
    const folder = temporaryFolder();
    const file = join(folder, 'calls.acscap');
    const original = await startCapturing('--capture', file, '--sink', `pcm:${join(folder, 'original')}`);
    const impairments = { jitterMs: 40, loss: 0.02, duplicate: 0.02, reorder: 0.02, silence: 0.3, malformed: 0.04 };
    const common = { url: original.url, durationMs: 3000, ...impairments };
    const [mixed, unmixed] = await Promise.all([
      simulateCalls({ ...common, calls: 60, participants: 0, churn: 10, seed: 61 }),
      simulateCalls({ ...common, calls: 40, participants: 2, sampleRate: 24_000, loss: 0.1, seed: 62 }),
      brokenCall(original.url),
    ]);
    const before = await drained(original);
    // Calls that a gateway without time refuses are nowhere.
    if (!machine.wakesLate) expect([mixed.ok, unmixed.ok]).toEqual([true, true]);
    for (const { calls } of [mixed, unmixed]) expect(calls.completed + calls.refused).toBe(calls.dialled);
    const overloaded = { 'upgrades_total{result="overloaded"}': expect.any(Number) };
    expect(mixed.calls.completed).toBeGreaterThan(60);
    expect(before.captured).toMatchObject({ messages: before.counters['messages_received_total'], dropped: 0 });
    for (const name of [
      'frames_missing_total',
      'frames_duplicate_total',
      'frames_out_of_order_total',
      'frames_silent_total',
    ]) {
      expect(before.counters[name], name).toBeGreaterThan(0);
    }
    expect(before.counters['stream_resumes_total']).toBe(2);

    const again = await startCapturing('--sink', `pcm:${join(folder, 'again')}`);
    const { code, report } = await playCapture(again.url, [file]);
    const after = await drained(again);
    expect(report).toMatchObject({ ok: true, sent: { messages: before.counters['messages_received_total'] } });
    expect(report.replay).toMatchObject({ orphanMessages: 0, closedDifferently: 0 });
    expect(code).toBe(0);
    expect(after.counters).toEqual({ ...before.counters, ...(machine.wakesLate && overloaded) });
    const recorded = filesBelow(join(folder, 'original'), '.pcm');
    expect(recorded.size).toBe(mixed.calls.completed + 2 * unmixed.calls.completed + 1);
    expect(differences(filesBelow(join(folder, 'again'), '.pcm'), recorded)).toEqual([]);

    const redacted = join(folder, 'redacted.acscap');
    expect((await runCommand(['capture', 'redact', file, redacted])).code).toBe(0);
    const third = await startCapturing();
    const fast = await playCapture(third.url, [redacted], '--speed', 'max');
    expect(fast.report).toMatchObject({ refused: {}, failed: {}, ok: true, lateness: null });
    // At the highest speed the gateway may say that it is full; then it is asked again.
    expect((await drained(third)).counters).toEqual({ ...before.counters, ...overloaded });
    expect((await runCommand(['capture', 'redact', file, redacted])).code).toBe(9);
    expect(existsSync(redacted)).toBe(true);
  }),
);

test(
  'a replay keeps the original times, or divides them by --speed, and says how late it was',
  judgingTimes(async (machine) => {
    const file = join(temporaryFolder(), 'calls.acscap');
    const original = await startCapturing('--capture', file);
    await simulateCalls({ url: original.url, calls: 3, durationMs: 2000, seed: 63 });
    await drained(original);
    const gateway = await startCapturing();
    const [asItWas, twice] = await Promise.all([
      playCapture(gateway.url, [file]),
      playCapture(gateway.url, [file], '--speed', '2', '--header', 'X-Other: 1', '--token', 'secret'),
    ]);
    for (const [{ report }, ms] of [
      [asItWas, 2000],
      [twice, 1000],
    ] as const) {
      expect(report.durations.totalMs).toBeGreaterThan(ms - 100);
      expect(report.durations.totalMs).toBeLessThan(ms + 700 + machine.worstMs);
      expect(report.lateness!.p50Ms).toBeLessThan(20 + machine.worstMs);
    }
    expect(JSON.stringify(twice.report)).not.toContain('secret');
  }),
);

test(
  'several captures are played side by side, by the wall clock',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const files = [join(folder, 'a.acscap'), join(folder, 'b.acscap')];
    const gateways = await Promise.all(files.map((file) => startCapturing('--capture', file)));
    await Promise.all(
      gateways.map(({ url }, index) => simulateCalls({ url, calls: 5, durationMs: 1000, seed: 64 + index })),
    );
    const sums = (await Promise.all(gateways.map(drained))).map(({ counters }) => counters['frames_committed_total']!);
    const gateway = await startCapturing();
    const { report } = await playCapture(gateway.url, files);
    expect(report.ok).toBe(true);
    expect(report.durations.totalMs).toBeLessThan(2500);
    expect((await drained(gateway)).counters['frames_committed_total']).toBe(sums[0]! + sums[1]!);
  }),
);

test('flags that say what calls are like are refused with --replay, and so is a file that is not a capture', async () => {
  const refused = await runCommand(['simulate', '--replay', 'x', '--url', 'ws://127.0.0.1:1/audio', '--calls', '5']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('--calls: not with --replay: the capture says what is sent; leave it out');
  const foreign = await runCommand(['simulate', '--replay', import.meta.filename, '--url', 'ws://127.0.0.1:1/audio']);
  expect([foreign.code, foreign.stderr]).toEqual([10, expect.stringContaining('not a capture file')]);
});

test(
  'a gateway that closes by itself does so again: too long a message, and nothing at all',
  judgingTimes(async () => {
    const file = join(temporaryFolder(), 'calls.acscap');
    const flags = ['--metadata-timeout-ms', '400', '--max-message-bytes', '4096'];
    const original = await startCapturing('--capture', file, ...flags);
    const [long, quiet, gone] = await Promise.all([1, 2, 3].map(() => AcsClient.connect(original.url)));
    long!.send(metadata('long'), 'x'.repeat(5000));
    gone!.send(metadata('gone'));
    expect(await Promise.all([long!.closed, quiet!.closed])).toEqual([1009, 1008]);
    gone!.socket.close(1011);
    await gone!.closed;
    await original.signal('SIGTERM');
    await original.exit();

    const again = await startCapturing(...flags);
    const { report } = await playCapture(again.url, [file]);
    expect(report).toMatchObject({ ok: true, closes: { 1008: 1, 1009: 1, 1011: 1 }, replay: { closedDifferently: 0 } });
    await eventually(async () => (await again.metrics()).get('stream_closes_total{cause="too_big"}') === 1);
    expect((await again.metrics()).get('stream_closes_total{cause="metadata_timeout"}')).toBe(1);
  }),
);
