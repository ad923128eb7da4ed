/** Too much of anything: what is refused, what is dropped, who suffers, and that it ends by itself. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

test(
  'a stream that floods loses its own messages only, counted, and nobody else any',
  judgingTimes(async () => {
    const gateway = await start('--max-messages-per-second', '50');
    const running = simulateCalls({ url: gateway.url, calls: 5, participants: 1, durationMs: 2000, seed: 71 });
    const flood = await AcsClient.connect(gateway.url);
    flood.send(metadata('flood'));
    for (let frame = 0; frame < 3000; frame++) flood.send(audio(frame));
    const { ok, expected } = await running;
    await eventually(async () => (await gateway.metrics()).get('messages_received_total') === 3001 + 5 * 101);
    const [stream] = await gateway.streams();
    const { committed, control, dropped } = stream!;
    await always(() => expect(committed + control + dropped.rate_limit).toBe(3001));
    // What is saved up in ten seconds, and what came due while it was sent.
    expect(committed + control).toBeGreaterThanOrEqual(500);
    expect(committed + control).toBeLessThan(800);
    expect([ok, expected.frames]).toEqual([true, 500]);
    const metrics = await gateway.metrics();
    await always(() => expect(metrics.get('messages_unaccounted')).toBe(0));
    expect(metrics.get('frames_committed_total')).toBe(500 + committed);
    await flood.hangUp();
  }),
);

test('who catches up after ten seconds without a connection loses nothing', async () => {
  const gateway = await start('--max-participants', '4');
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  for (let frame = 0; frame < 500; frame++)
    for (const id of ['a', 'b', 'c', 'd']) client.send(audio(frame, undefined, id));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2000);
  await client.hangUp();
});

test(
  'handshakes beyond the limit of a second get 503, and running streams go on',
  judgingTimes(async () => {
    const gateway = await start('--max-upgrades-per-second', '50', '--max-upgrades-per-address', '40');
    const client = await AcsClient.connect(gateway.url);
    client.send(metadata(), audio(0));
    const sockets = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = connect(gateway.port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        return socket;
      }),
    );
    const request = upgradeRequest();
    const answers = await Promise.all(
      sockets.map(async (socket) => {
        socket.write(request);
        const [data] = (await once(socket, 'data')) as [Buffer];
        return data.toString('latin1').split(' ')[1];
      }),
    );
    const refused = answers.filter((status) => status === '503').length;
    // They may fall into two seconds.
    expect(refused).toBeGreaterThanOrEqual(200 - 2 * 40);
    const metrics = await gateway.metrics();
    expect(metrics.get('overload_refusals_total{cause="handshakes"}')).toBe(refused);
    expect(metrics.get('upgrades_total{result="overloaded"}')).toBe(refused);
    for (const socket of sockets) socket.destroy();
    client.send(audio(1));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
    // In the next second there is room again.
    await eventually(async () => {
      const next = await AcsClient.connect(gateway.url).catch(() => null);
      await next?.hangUp();
      return next !== null;
    });
    await client.hangUp();
  }),
);

test('rings are kept for further participants of running streams: new ones are refused before', async () => {
  // 5 % of 40 rings are two.
  const gateway = await start('--ring-memory-mb', '5', '--max-participants', '64');
  const limit = (await gateway.metrics()).get('ring_memory_limit_bytes')!;
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata());
  const rings = Math.floor((5 * 2 ** 20) / (limit / Math.round(limit / 105_600)));
  const reserve = Math.floor(rings * 0.05);
  expect(reserve).toBeGreaterThan(0);
  for (let n = 0; n < rings - reserve; n++) client.send(audio(0, undefined, `participant ${n}`));
  await eventually(async () => (await gateway.metrics()).get('participants_active') === rings - reserve);
  expect((await refusedUpgrade(gateway.url)).status).toBe(503);
  expect(await (await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).json()).toEqual({ status: 'full' });
  for (let n = 0; n < reserve; n++) client.send(audio(1, undefined, `further ${n}`));
  await eventually(async () => (await gateway.metrics()).get('participants_active') === rings);
  const metrics = await gateway.metrics();
  expect(metrics.get('messages_dropped_total{reason="ring_memory"}')).toBe(0);
  expect(metrics.get('overload_refusals_total{cause="ring_memory"}')).toBe(1);
  await client.hangUp();
  await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
  await (await AcsClient.connect(gateway.url)).hangUp();
});

test(
  'while the main thread is late new streams are refused, and soon after they are taken again',
  judgingTimes(async () => {
    const gateway = await start();
    const ready = async () =>
      (await (await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).json()) as { status: string };
    await eventually(async () => (await ready()).status === 'ready');
    gateway.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    gateway.signal('SIGCONT');
    expect(await ready()).toEqual({ status: 'full' });
    expect((await refusedUpgrade(gateway.url)).status).toBe(503);
    expect((await gateway.metrics()).get('overload_refusals_total{cause="event_loop"}')).toBe(1);
    await eventually(async () => (await ready()).status === 'ready');
    await (await AcsClient.connect(gateway.url)).hangUp();
  }),
);

test(
  'within a second of a stall everything is caught up, and frames are in their rings as fast as before',
  judgingTimes(async () => {
    const gateway = await start();
    const running = simulateCalls({ url: gateway.url, calls: 50, participants: 2, durationMs: 5000, seed: 72 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    gateway.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    gateway.signal('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const residence = async () => {
      const metrics = await gateway.metrics();
      const upTo = (le: string) => metrics.get(`residence_seconds_bucket{le="${le}"}`)!;
      return { all: upTo('+Inf'), fast: upTo('0.02'), backlog: metrics.get('lane_backlog_bytes{lane="0"}')! };
    };
    const caughtUp = await residence();
    // Fewer than one round of frames of all calls.
    expect(caughtUp.backlog).toBeLessThan(100 * 1200);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const later = await residence();
    const frames = later.all - caughtUp.all;
    expect(frames).toBeGreaterThan(3000);
    expect((later.fast - caughtUp.fast) / frames).toBeGreaterThan(0.9);
    expect((await running).ok).toBe(true);
    await eventually(async () => (await gateway.streams()).length === 0);
    expect((await gateway.metrics()).get('frames_missing_total')).toBe(0);
  }),
);
