/** Several gateways on one port: whose figure is which, how they end at once, and whom they share the port with. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { errorCodes } from '../../src/base/errors.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { freePort, freePorts } from '../support/free-ports.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';
import { callIn, exposition, isAlive, pidsOf, startSeveral, streamsOf } from './several.ts';

test('what belongs to one process has a label that says which', async () => {
  const gateway = await startSeveral();
  const text = await exposition(gateway);
  const processesOf = (name: string) =>
    new Set(Array.from(text.matchAll(new RegExp(`^${name}{.*process="([^"]+)".*}`, 'gm')), ([, process]) => process));
  expect(processesOf('process_cpu_seconds_total')).toEqual(new Set(['0', '1', 'parent']));
  expect(processesOf('process_resident_memory_bytes')).toEqual(new Set(['0', '1', 'parent']));
  expect(processesOf('acs_gateway_eventloop_delay_seconds_count')).toEqual(new Set(['0', '1']));
  expect(processesOf('acs_gateway_lane_backlog_bytes')).toEqual(new Set(['0', '1']));
  expect(text).toMatch(/^acs_gateway_build_info{.*} 1$/m);
  expect(text).toMatch(/^acs_gateway_draining 0$/m);
  // Each family once.
  const families = Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name);
  expect(new Set(families).size).toBe(families.length);
});

test('one admin port has the streams of all processes, each with its process, and wants the token', async () => {
  const gateway = await startSeveral('--admin-token', 'secret');
  expect((await gateway.admin('/streams')).status).toBe(401);
  expect((await gateway.admin('/readyz')).status).toBe(200);
  expect((await gateway.admin('/healthz')).status).toBe(200);
  const open = await startSeveral();
  const calls = [await callIn(open, 0, 'first'), await callIn(open, 1, 'second')];
  // A call that came to the other process first has hung up, and may still be there.
  const streams = (await streamsOf(open)).filter(({ messages }) => messages > 0);
  expect(streams.map(({ callConnectionId, process }) => [callConnectionId, process]).sort()).toEqual([
    ['first', 0],
    ['second', 1],
  ]);
  for (const { id, process } of streams) {
    const answer = await open.admin(`/streams/${id}`);
    expect([answer.status, await answer.json()]).toMatchObject([200, { id, process }]);
  }
  expect((await open.admin('/streams/none')).status).toBe(404);
  for (const call of calls) await call.hangUp();
  expect(await (await open.admin('/readyz')).json()).toEqual({ status: 'ready' });
});

test('a second signal ends all of them at once with exit code 1', async () => {
  const gateway = await startSeveral('--drain-timeout-ms', '60000');
  await callIn(gateway, 0, 'first');
  gateway.signal('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  gateway.signal('SIGTERM');
  expect(await gateway.exit()).toBe(1);
  await eventually(() => pidsOf(gateway).filter(isAlive).length === 0);
});

test('a port that a stranger has, or a gateway that does not share it, is taken for those who would share it', async () => {
  const port = String(await freePort());
  const stranger = createServer((socket) => socket.end('hello')).listen(Number(port), '127.0.0.1');
  await once(stranger, 'listening');
  onTestFinished(() => void stranger.close());
  for (const flag of [['--processes', '2'], ['--share-port']]) {
    const { code, stderr } = await runCommand(['serve', ...flag, '--port', port, '--admin-port', '0']);
    expect([code, stderr]).toEqual([errorCodes.listen_failed, expect.stringContaining(`port ${port}`)]);
  }
  const alone = await GatewayProcess.start();
  onTestFinished(() => alone.kill());
  for (const flag of [['--processes', '2'], ['--share-port']]) {
    const taken = await runCommand(['serve', ...flag, '--port', String(alone.port), '--admin-port', '0']);
    expect([taken.code, taken.stderr]).toEqual([errorCodes.listen_failed, expect.stringContaining('cannot listen')]);
  }
});

test('gateways with --share-port have one port together, and no other one joins them', () =>
  unlessStarved(async () => {
    const [port] = await freePorts(1);
    const flags = ['--share-port', '--port', String(port), '--workers', '1'];
    const gateways = [await GatewayProcess.start(...flags), await GatewayProcess.start(...flags)];
    onTestFinished(async () => {
      for (const gateway of gateways) await gateway.kill();
    });
    const url = `ws://127.0.0.1:${port}/audio`;
    const accepted = async () =>
      Promise.all(gateways.map(async (each) => (await each.metrics()).get('upgrades_total{result="accepted"}')!));
    const report = await simulateCalls({ url, calls: 40, participants: 0, durationMs: 200, seed: 42 });
    expect(report.ok).toBe(true);
    const counts = await accepted();
    expect(counts[0]! + counts[1]!).toBe(40);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    const { code } = await runCommand(['serve', '--port', String(port), '--admin-port', '0']);
    expect(code).toBe(errorCodes.listen_failed);

    // One that drains leaves the port to the other one: nobody is refused.
    const call = await AcsClient.connect(url);
    call.send(metadata(), audio(0));
    gateways[0]!.signal('SIGTERM');
    await eventually(async () => {
      const status = await gateways[0]!.admin('/readyz').then(
        (answer) => answer.status,
        () => 0,
      );
      return status !== 200;
    });
    const later = await simulateCalls({ url, calls: 20, participants: 0, durationMs: 200, seed: 43 });
    expect(later.ok).toBe(true);
    await call.hangUp();
    expect(await gateways[0]!.exit()).toBe(0);
  }));

test('a gateway that hangs keeps no other one from the port that it shares', async () => {
  const [port] = await freePorts(1);
  const flags = ['--share-port', '--port', String(port), '--workers', '1'];
  const hung = await GatewayProcess.start(...flags);
  onTestFinished(() => hung.kill());
  hung.signal('SIGSTOP');
  const next = await GatewayProcess.start(...flags);
  onTestFinished(() => next.kill());
  expect(next.port).toBe(port);
});
