/** Several gateways on one port look like one: to callers, to Prometheus, to who stops them. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorCodes } from '../../src/base/errors.ts';
import { startGateway } from '../../src/index.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { audio, refusedUpgrade } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, runCommand } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';
import { callIn, isAlive, pidsOf, startSeveral } from './several.ts';

test('calls are spread over two processes, and what one admin port and one account say is the sum', () =>
  unlessStarved(async () => {
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
  }));

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

test('the end of a drain is seen by the Prometheus that scrapes: the parent stays until it has asked once more', async () => {
  const gateway = await startSeveral();
  const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '10' };
  const scrape = async () => (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`, { headers })).text();
  const call = await callIn(gateway, 0, 'call');
  expect(await scrape()).toMatch(/^acs_gateway_streams_active 1$/m);
  gateway.signal('SIGTERM');
  await eventually(() => gateway.log.filter(({ msg }) => msg === 'draining').length === 2);
  expect(await scrape()).toMatch(/^acs_gateway_streams_active 1$/m);
  await call.hangUp();
  await eventually(() => gateway.log.at(-1)?.msg === 'drained' && !pidsOf(gateway).some(isAlive));
  const last = await scrape();
  expect(last).toMatch(/^acs_gateway_draining 1$/m);
  expect(last).toMatch(/^acs_gateway_streams_active 0$/m);
  expect(last).toMatch(/^acs_gateway_stream_closes_total\{cause="drained"\} 0$/m);
  expect(await gateway.exit()).toBe(0);
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
