/** SIGTERM in the middle of calls: nothing that was received is lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { always, unlessStarved } from '../support/starvation.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

test('while draining new upgrades get 503, /readyz says so, and open streams continue until they end', async () => {
  const gateway = await start('--drain-timeout-ms', '10000');
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  gateway.signal('SIGTERM');
  await eventually(async () => (await gateway.admin('/readyz')).status === 503);
  expect(await (await gateway.admin('/readyz')).json()).toEqual({ status: 'draining' });
  const ingest = await fetch(`http://127.0.0.1:${gateway.port}/readyz`);
  expect([ingest.status, await ingest.json()]).toEqual([503, { status: 'draining' }]);
  expect((await fetch(`http://127.0.0.1:${gateway.port}/healthz`)).status).toBe(200);
  expect((await refusedUpgrade(gateway.url)).status).toBe(503);
  expect((await gateway.metrics()).get('draining')).toBe(1);
  client.send(audio(1));
  await client.hangUp();
  expect(await gateway.exit()).toBe(0);
  expect(gateway.log.at(-1)).toMatchObject({
    msg: 'drained',
    streamsCut: 0,
    received: 3,
    committed: 2,
    unaccounted: 0,
  });
});

test('SIGTERM in the middle of 200 streams: exit 0 in time, every frame received is in a file', () =>
  unlessStarved(async () => {
    const recordings = join(temporaryFolder(), 'recorded');
    const gateway = await start('--drain-timeout-ms', '500', '--sink', `wav:${recordings}`);
    const run = simulateCalls({ url: gateway.url, calls: 200, participants: 0, durationMs: 20_000, seed: 31 });
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total')! > 10_000);
    const signalled = performance.now();
    const { code, last } = await gateway.drain();
    const tookMs = performance.now() - signalled;
    const report = await run;

    const bytes = Array.from(filesBelow(recordings, '.wav').values(), (file) => file.length - 80);
    await always(() => {
      expect(code).toBe(0);
      expect(report.ok).toBe(false);
      expect(last).toMatchObject({ msg: 'drained', dropped: 0, unaccounted: 0 });
      expect(bytes.reduce((sum, length) => sum + length, 0)).toBe((last['committed'] as number) * 640);
    });
    expect(tookMs).toBeLessThan(500 + 5000);
    // A gateway that is late refuses calls.
    expect(report.closes).toEqual({ 1001: 200 });
    expect(last).toMatchObject({ streamsCut: 200, control: 200 });
    expect(bytes.length).toBe(200);
  }));

test('SIGTERM to npm start drains the gateway, although npm only tells its shell', async () => {
  const recordings = join(temporaryFolder(), 'recorded');
  const flags = ['start', '--', '--port', '0', '--admin-port', '0', '--sink', `wav:${recordings}`];
  const npm = spawn('npm', flags, { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface(npm.stdout);
  const log: Record<string, unknown>[] = [];
  lines.on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line));
  });
  await eventually(() => log.length > 0);
  const client = await AcsClient.connect(`ws://127.0.0.1:${log[0]!['port']}/audio`);
  client.send(metadata(), audio(0));
  npm.kill('SIGTERM');
  await eventually(() => log.some(({ msg }) => msg === 'draining'));
  await client.hangUp();
  await once(lines, 'close');
  expect(log.at(-1)).toMatchObject({ msg: 'drained', committed: 1, unaccounted: 0 });
});

test('a second signal ends the process at once with exit code 1', async () => {
  const gateway = await start('--drain-timeout-ms', '60000');
  await AcsClient.connect(gateway.url);
  gateway.signal('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  gateway.signal('SIGTERM');
  expect(await gateway.exit()).toBe(1);
});

test('a gateway whose account is not exact in the end, as a sink never finished, says so by its exit code', async () => {
  const module = join(temporaryFolder(), 'sink.js');
  writeFileSync(module, 'export default () => ({ open: () => ({ write() {} }), close: () => new Promise(() => {}) });');
  const gateway = await start('--sink', `module:${module}`);
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  await client.hangUp();
  const { code, last } = await gateway.drain();
  expect([code, last.msg]).toEqual([11, 'drained, but the accounting identity is broken']);
});
