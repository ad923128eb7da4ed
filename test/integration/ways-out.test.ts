/** Every signal and every reader of the log: the process ends when it is told to, and says what it has to say first. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { exitMsMax } from '../../src/base/limits.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { took } from '../support/fair-clock.ts';
import { entry, eventually, GatewayProcess, type LogLine } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start('--workers', '1', ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** A gateway whose standard output is a pipe of the test's own. */
function spawnPiped() {
  const flags = ['serve', '--port', '0', '--admin-port', '0', '--workers', '1', '--drain-timeout-ms', '500'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

test('a terminal that is closed (SIGHUP) drains the gateway as SIGTERM does', async () => {
  const gateway = await start('--drain-timeout-ms', '10000');
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  gateway.signal('SIGHUP');
  await eventually(() => gateway.log.some(({ msg }) => msg === 'draining'));
  client.send(audio(1));
  await client.hangUp();
  expect(await gateway.exit()).toBe(0);
  expect(gateway.log.at(-1)).toMatchObject({ msg: 'drained', committed: 2, unaccounted: 0 });
});

test('SIGUSR1 opens no inspector', async () => {
  const gateway = await start();
  gateway.signal('SIGUSR1');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await gateway.admin('/healthz')).status).toBe(200);
  expect(gateway.stderr).not.toContain('Debugger');
  await expect(fetch('http://127.0.0.1:9229/json')).rejects.toThrow();
  expect((await gateway.drain()).code).toBe(0);
});

test(
  'standard output that nobody reads any more holds nothing up, and the process ends in time',
  judgingTimes(async () => {
    const child = spawnPiped();
    const exited = once(child, 'exit');
    const lines = createInterface(child.stdout);
    const [first] = (await once(lines, 'line')) as [string];
    // From now on nobody reads.
    child.stdout.pause();
    lines.pause();
    const { port, adminPort } = JSON.parse(first) as LogLine;
    const url = `ws://127.0.0.1:${port}/audio`;
    // Each call that ends leaves a line of a kilobyte: a pipe holds 64, and a socket pair some more.
    for (let n = 0; n < 4; n++) {
      const { ok } = await simulateCalls({ url, calls: 150, participants: 1, durationMs: 200, seed: 90 + n });
      expect(ok).toBe(true);
    }
    expect((await fetch(`http://127.0.0.1:${adminPort}/healthz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await took(exited)).toBeLessThan(500 + exitMsMax);
    expect(child.exitCode).toBe(0);
  }),
);

test('standard output whose reader is gone costs the log, counted, and nothing else', async () => {
  const child = spawnPiped();
  const exited = once(child, 'exit');
  const [first] = (await once(createInterface(child.stdout), 'line')) as [string];
  child.stdout.destroy();
  const { port, adminPort } = JSON.parse(first) as LogLine;
  const { ok } = await simulateCalls({
    url: `ws://127.0.0.1:${port}/audio`,
    calls: 3,
    participants: 1,
    durationMs: 200,
    seed: 95,
  });
  expect(ok).toBe(true);
  await eventually(async () => {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    return Number(/^acs_gateway_log_lines_lost_total (\d+)$/m.exec(text)![1]) > 0;
  });
  child.kill('SIGTERM');
  await exited;
  expect(child.exitCode).toBe(0);
});
