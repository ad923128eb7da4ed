/** Sink modules that speak, run by the real gateway: what the calls hear, and what a module's faults cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../../src/index.ts';
import { counting, HeardCall } from '../playback/heard-call.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { startSimulator } from '../support/simulator-process.ts';

const file = new URL('./agent.ts', import.meta.url).pathname;

async function start(...flags: readonly string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start('--workers', '1', ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

function agent(options: string): string {
  return `module:${file}?${options}`;
}

/** What the module printed. */
function printed(gateway: GatewayProcess): Record<string, unknown>[] {
  const lines = gateway.stderr.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line));
}

function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

async function drainedExactly(gateway: GatewayProcess): Promise<void> {
  const metrics = await gateway.metrics();
  expect(metrics.get('playback_frames_unaccounted')).toBe(0);
  const { code, last } = await gateway.drain();
  expect([code, last]).toMatchObject([0, { msg: 'drained', unaccounted: 0 }]);
}

describe('a sink module that speaks', () => {
  it('greets a call before anyone has said a word in it; what it says after the end is refused', async () => {
    const gateway = await start('--sink', agent('does=greets'));
    const call = await HeardCall.connect(gateway.port, 'greeted');
    await eventually(() => printed(gateway).length >= 2);
    expect(printed(gateway)).toEqual([
      { taken: 16_000, isRestart: false },
      { playedMs: 1000, isCleared: false, underruns: 0 },
    ]);
    expect(call.pcm.equals(bytesOf(counting(16_000)))).toBe(true);
    await call.client.hangUp();
    await eventually(() => printed(gateway).length >= 3);
    expect(printed(gateway)[2]).toEqual({ late: 0, state: 'closed' });
    await drainedExactly(gateway);
  });

  it('echoes many calls, and never hears itself', async () => {
    const gateway = await start('--sink', agent('does=echoes'));
    const { ok, heard } = await startSimulator(gateway.url, '--calls', '20', '--duration', '4s').report;
    expect([ok, heard.broken.notJson, heard.stopAudios]).toEqual([true, 0, 0]);
    // All that was said but what was under way at the end.
    expect(heard.frames.received).toBeGreaterThan(20 * 150);
    expect(heard.frames.received).toBeLessThanOrEqual(20 * 200);
    await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
    await drainedExactly(gateway);
  });

  it.each(['dies', 'hangs'])(
    'whose thread %s leaves nothing open: the call hears what it had written, then its successor',
    async (fault) => {
      const gateway = await start(
        '--sink',
        agent(`does=greets&dies=${fault === 'dies'}&hangs=${fault === 'hangs'}`),
        '--thread-timeout-ms',
        '1000',
      );
      const call = await HeardCall.connect(gateway.port, 'orphan');
      await eventually(() => printed(gateway).length >= 3);
      const whole = Buffer.concat([bytesOf(counting(16_000)), bytesOf(counting(16_000, 7_000))]);
      expect(printed(gateway).at(-1)).toEqual({ playedMs: 1000, isCleared: false, underruns: 0 });
      expect(call.pcm.equals(whole)).toBe(true);
      const metrics = await gateway.metrics();
      expect(metrics.get('playback_utterances_total{end="played"}')).toBe(2);
      expect(metrics.get('playback_queued_seconds')).toBe(0);
      await call.client.hangUp();
      await drainedExactly(gateway);
    },
  );

  it('whose thread dies for good leaves nothing open either', async () => {
    const gateway = await start('--sink', agent('does=greets&dies=true&seconds=2'));
    const calls = await Promise.all(['a', 'b', 'c'].map((name) => HeardCall.connect(gateway.port, name)));
    await eventually(async () => (await gateway.metrics()).get('playback_utterances_total{end="played"}')! >= 3);
    for (const call of calls) expect(call.pcm.subarray(0, 64_000).equals(bytesOf(counting(32_000)))).toBe(true);
  });

  it('has a call to itself: another sink, or the program, is refused with a clear error', async () => {
    const gateway = await start('--sink', agent('does=greets&name=one'), '--sink', agent('does=greets&name=two'));
    const call = await HeardCall.connect(gateway.port, 'contested');
    await eventually(() => gateway.log.some(({ msg }) => msg === 'sink error'));
    const errors = gateway.log.filter(({ msg }) => msg === 'sink error');
    expect(errors[0]).toMatchObject({ error: 'another sink, or the program itself, speaks into this call already' });
    await eventually(() => printed(gateway).length >= 2);
    expect(call.pcm.equals(bytesOf(counting(16_000)))).toBe(true);
    await call.client.hangUp();
    await drainedExactly(gateway);
  });

  it('that does not say that it speaks gets an error', async () => {
    const gateway = await start('--sink', agent('does=nothing'));
    const call = await HeardCall.connect(gateway.port, 'silent');
    call.speak(0);
    await eventually(() => gateway.log.some(({ msg }) => msg === 'sink error'));
    expect(gateway.log.find(({ msg }) => msg === 'sink error')!['error']).toMatch(/needs `speaks: true`/);
  });

  it('cannot start while playback is off', async () => {
    const flags = ['--port', '0', '--admin-port', '0', '--playback', 'off', '--sink', agent('does=greets')];
    const { code, stderr } = await runCommand(flags);
    expect([code, stderr]).toEqual([5, expect.stringContaining('it speaks into calls, and --playback is off')]);
  });

  it('continues in another way when the sample rate of the call changes', async () => {
    const gateway = await start('--sink', agent('does=echoes'));
    const call = await HeardCall.connect(gateway.port, 'rates');
    for (let n = 0; n < 25; n++) {
      call.speak(n);
      await sleep(20);
    }
    await eventually(() => call.frames.length > 10);
    expect(call.frames.every(({ pcm }) => pcm.length === 640)).toBe(true);
    call.client.send(metadata('rates', 24_000));
    call.frameBytes = 960;
    for (let n = 25; n < 75; n++) {
      call.client.send(audio(n, Buffer.alloc(960, n)));
      await sleep(20);
    }
    await eventually(() => call.frames.filter(({ pcm }) => pcm.length === 960).length > 20);
    expect(gateway.log.filter(({ msg }) => msg === 'sink error')).toEqual([]);
    await call.client.hangUp();
    await eventually(async () => (await gateway.streams()).length === 0);
    await drainedExactly(gateway);
  });
});

describe('a program that embeds the gateway', () => {
  it('goes before its sinks', async () => {
    const gateway = await startGateway({
      port: 0,
      adminPort: 0,
      workers: 1,
      logLevel: 'silent',
      drainTimeoutMs: 0,
      sink: agent('does=greets'),
    });
    onTestFinished(async () => void (await gateway.stop()));
    gateway.once('stream', (stream) => stream.playback());
    const first = await HeardCall.connect(gateway.port, 'mine');
    const second = await HeardCall.connect(gateway.port, 'its');
    await eventually(() => second.pcm.length === 32_000);
    expect(first.pcm.length).toBe(0);
    expect(() => gateway.streams.get([...gateway.streams.keys()][1]!)!.playback()).toThrow(
      'speaks into this call already',
    );
  });
});
