/** Several gateways on one port look like one: to callers, to Prometheus, to who stops them. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { errorCodes } from '../../src/base/errors.ts';
import { startGateway } from '../../src/index.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { freePort, freePorts } from '../support/free-ports.ts';
import { eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { callIn, exposition, isAlive, pidsOf, startSeveral, streamsOf } from './several.ts';

test('calls are spread over two processes, and what one admin port and one account say is the sum', async () => {
  const recordings = join(temporaryFolder(), 'recorded');
  const gateway = await startSeveral('--sink', `wav:${recordings}`);
  const report = await simulateCalls({ url: gateway.url, calls: 40, participants: 1, durationMs: 600, seed: 41 });
  expect(report.ok).toBe(true);
  const ended = () => gateway.log.filter(({ msg }) => msg === 'stream ended');
  await eventually(() => ended().length === 40);
  expect(new Set(ended().map((record) => record['process']))).toEqual(new Set([0, 1]));
  const said = (key: string) => ended().reduce((sum, record) => sum + (record[key] as number), 0);

  const metrics = await gateway.metrics();
  expect(metrics.get('upgrades_total{result="accepted"}')).toBe(40);
  expect(metrics.get('messages_received_total')).toBe(said('messages'));
  expect(metrics.get('messages_total{outcome="committed"}')).toBe(said('committed'));
  expect(metrics.get('residence_seconds_count')).toBe(said('committed'));
  expect(metrics.get('stream_capacity')).toBe(10_000);
  expect(metrics.get('processes')).toBe(2);
  expect(metrics.get(`sink_ready{sink="wav:${recordings}"}`)).toBe(1);
  expect(metrics.get('messages_unaccounted')).toBe(0);
  // A ring has less than 106 KB.
  expect(metrics.get('ring_memory_limit_bytes')! / 2 ** 20).toBeGreaterThan(63.7);

  const { code, last } = await gateway.drain();
  expect(code).toBe(0);
  expect(last).toMatchObject({
    msg: 'drained',
    received: said('messages'),
    committed: said('committed'),
    unaccounted: 0,
  });
  expect(last['process']).toBeUndefined();
  expect(filesBelow(recordings, '.wav').size).toBe(40);
});

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
  const streams = await streamsOf(open);
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

test('a drain is one: newcomers get 503 as long as a call is open, and the account is the last line', async () => {
  const gateway = await startSeveral('--drain-timeout-ms', '60000');
  const [first, second] = [await callIn(gateway, 0, 'first'), await callIn(gateway, 1, 'second')];
  gateway.signal('SIGTERM');
  // As a terminal does, which signals all of them.
  for (const pid of pidsOf(gateway)) process.kill(pid, 'SIGTERM');
  await eventually(() => gateway.log.filter(({ msg }) => msg === 'draining').length === 2);
  expect(await (await gateway.admin('/readyz')).json()).toEqual({ status: 'draining' });
  for (let n = 0; n < 8; n++) expect((await refusedUpgrade(gateway.url)).status).toBe(503);
  first.send(audio(1));
  await first.hangUp();
  second.send(audio(1));
  await second.hangUp();
  expect(await gateway.exit()).toBe(0);
  expect(gateway.log.at(-1)).toMatchObject({ msg: 'drained', committed: 4, streamsCut: 0, unaccounted: 0 });
  expect(pidsOf(gateway).filter(isAlive)).toEqual([]);
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

test('what keeps one process from starting ends all of them, with its exit code and its message once', async () => {
  const flags = ['serve', '--processes', '2', '--port', '0', '--admin-port', '0', '--ring-memory-mb', '64'];
  const { code, stderr, stdout } = await runCommand([...flags, '--sink', 'wav:/proc/nothing/here']);
  expect(code).toBe(errorCodes.sink_failed);
  expect(stderr.match(/acs-audio-gateway: /g)).toHaveLength(1);
  expect(stdout).not.toContain('listening');
});

test('settings that several processes cannot have are refused, each with a reason', async () => {
  const { code, stderr } = await runCommand(['serve', '--processes', '4', '--console', '--max-streams', '3']);
  expect(code).toBe(errorCodes.bad_settings);
  expect(stderr).toContain('--console: expected only with --processes 1');
  expect(stderr).toContain('--processes: 4: expected at most --max-streams, 3');
});

test('a program is one process', async () => {
  const options = { processes: 2, port: 0, adminPort: 0 } as Parameters<typeof startGateway>[0];
  await expect(startGateway(options)).rejects.toMatchObject({ code: 'bad_settings' });
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

test('gateways with --share-port have one port together, and no other one joins them', async () => {
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
});
