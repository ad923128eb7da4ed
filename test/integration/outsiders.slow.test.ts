/** What strangers, and peers that are in, may not do to the others: each attack in small, with what becomes of it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { costlyMessagesMax, otherMessages } from '../../src/base/limits.ts';
import type { EndedStream } from '../../src/stream/ended-stream.ts';
import { costlyMessages, proxyHeader } from '../attack/attacks.ts';
import { frame, opcode } from '../fuzz/frame.ts';
import { RawPeer, upgradeRequest } from '../fuzz/raw-peer.ts';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

const repeat = (bytes: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => bytes));
const get = Buffer.from('GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n');

async function status(port: number): Promise<string> {
  const peer = await RawPeer.connect(port);
  peer.write(upgradeRequest());
  const head = await peer.head();
  peer.reset();
  return head.split(' ')[1]!;
}

/** How often the answers of a connection begin with a status line. */
async function answers(peer: RawPeer): Promise<number> {
  await peer.closed;
  return peer.bytes.toString('latin1').split('HTTP/1.1 ').length - 1;
}

test('a connection gets one plain answer and is closed', async () => {
  const gateway = await start('--auth', 'token', '--auth-token', 'secret');
  for (const request of [get, Buffer.from(upgradeRequest()), Buffer.from(upgradeRequest('/nonsense'))]) {
    const one = await RawPeer.connect(gateway.port);
    one.write(request);
    expect(await answers(one)).toBe(1);
    // Sent together, the second one finds the first unanswered: nothing of it is done.
    const many = await RawPeer.connect(gateway.port);
    many.write(repeat(request, 500));
    expect(await answers(many)).toBeLessThanOrEqual(1);
  }
  const metrics = await gateway.metrics();
  expect(metrics.get('upgrades_total{result="unauthorized"}')).toBe(2);
  expect(metrics.get('upgrades_total{result="not_found"}')).toBe(2);
  await eventually(async () => (await gateway.metrics()).get('connections_pending') === 0);
});

test('the client is who the first PROXY header of a connection names, and nobody who comes behind it', async () => {
  const gateway = await start('--trust-proxy', '--allow-cidr', '52.112.0.0/14');
  const honest = await RawPeer.connect(gateway.port);
  honest.write(Buffer.concat([proxyHeader('52.112.9.9'), Buffer.from(upgradeRequest())]));
  expect(await honest.head()).toMatch(/^HTTP\/1.1 101/);
  expect((await gateway.streams()).map(({ remoteAddress }) => remoteAddress)).toEqual(['52.112.9.9']);
  // A proxy that speaks for itself, as in a health check, names nobody.
  const itself = await RawPeer.connect(gateway.port);
  const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
  itself.write(Buffer.concat([local, Buffer.from(upgradeRequest())]));
  expect(await itself.head()).toMatch(/^HTTP\/1.1 403/);
  for (const [command, before] of [
    [1, get],
    [0, get],
    [1, Buffer.from(upgradeRequest())],
    [0, Buffer.from(upgradeRequest())],
    [1, Buffer.alloc(0)],
    [0, Buffer.alloc(0)],
  ] as const) {
    const forged = Buffer.concat([proxyHeader('52.112.9.9', command), Buffer.from(upgradeRequest())]);
    const outside = Buffer.concat([proxyHeader('203.0.113.1'), before]);
    const together = await RawPeer.connect(gateway.port);
    together.write(Buffer.concat([outside, forged]));
    const apart = await RawPeer.connect(gateway.port);
    apart.write(outside);
    await sleep(100);
    apart.write(forged);
    // Two headers in a row are no request: that connection is cut off by the time for one.
    if (before.length > 0) await Promise.all([together.closed, apart.closed]);
    else await sleep(200);
    for (const peer of [together, apart]) {
      expect(peer.bytes.toString('latin1')).not.toContain(' 101 ');
      peer.reset();
    }
  }
  expect((await gateway.streams()).length).toBe(1);
});

for (const [what, bytes] of [
  ['two-byte messages', frame({ payload: '{}' })],
  ['empty messages', frame({ payload: '' })],
  ['binary messages', frame({ opcode: opcode.binary, payload: 'x' })],
  ['pings', frame({ opcode: opcode.ping })],
  ['pongs', frame({ opcode: opcode.pong })],
] as const) {
  test(`a flood of ${what} ends with 1008, counted, and takes no other stream with it`, async () => {
    const gateway = await start();
    const client = await AcsClient.connect(gateway.url);
    client.send(metadata(), audio(0));
    const flood = await RawPeer.open(gateway.port);
    flood.write(repeat(bytes, 30_000));
    await flood.closed;
    expect(flood.closeFrame).toEqual({ code: 1008, reason: 'flood' });
    client.send(audio(1));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
    const metrics = await gateway.metrics();
    expect(metrics.get('stream_closes_total{cause="flood"}')).toBe(1);
    // No more of it is looked at than it takes to know.
    expect(metrics.get('messages_received_total')! + metrics.get('control_frames_total')!).toBeLessThan(22_000);
    expect(metrics.get('control_frames_total')! > 0).toBe(what.startsWith('p'));
    expect(metrics.get('messages_unaccounted')).toBe(0);
    await client.hangUp();
  });
}

for (const [what, payload] of [
  ['DTMF tones', '{"kind":"DtmfData","dtmfData":{"data":"5"}}'],
  ['marks', '{"kind":"MarkData","markData":{"id":"a","status":"Completed"}}'],
  ['metadata', metadata('again and again')],
] as const) {
  test(`a flood of ${what} is not read to its end, however little there is of it`, async () => {
    const gateway = await start();
    const client = await AcsClient.connect(gateway.url);
    client.send(metadata(), audio(0));
    const flood = await RawPeer.open(gateway.port);
    const beganMs = performance.now();
    const thousand = repeat(frame({ payload }), 1000);
    let isOver = false;
    const closed = flood.closed.then(() => {
      isOver = true;
    });
    // What a stream may send at once; more only where the worker had no time to see what it is.
    for (let n = 0; !isOver && n < 30; n++) {
      flood.write(thousand);
      if (n >= 15) await sleep(20);
    }
    await closed;
    const tookMs = performance.now() - beganMs;
    expect(flood.closeFrame).toEqual({ code: 1008, reason: 'flood' });
    client.send(audio(1));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
    const metrics = await gateway.metrics();
    const count = (outcome: string) => metrics.get(`messages_total{outcome="${outcome}"}`)!;
    expect(count('control') + count('ignored')).toBeLessThanOrEqual(
      1 + otherMessages.atOnceMax + tookMs * otherMessages.perMs,
    );
    expect(metrics.get('messages_dropped_total{reason="costly"}')).toBeGreaterThan(costlyMessagesMax);
    expect(metrics.get('messages_unaccounted')).toBe(0);
    await client.hangUp();
  });
}

for (const [what, payload] of Object.entries(costlyMessages)) {
  test(
    `messages that cost most end their stream with 1008, counted, and take no other one with it: ${what}`,
    judgingTimes(async () => {
      const gateway = await start('--resume-grace-ms', '0');
      const client = await AcsClient.connect(gateway.url);
      client.send(metadata(), audio(0));
      const hostile = await RawPeer.open(gateway.port);
      const bytes = repeat(frame({ payload }), 64);
      for (let n = 1; !hostile.isClosed && hostile.closeFrame === null; n++) {
        hostile.write(bytes);
        // Whatever it does, the others are heard.
        client.send(audio(n), '{"kind":"DtmfData","dtmfData":{"data":"5"}}');
        await sleep(10);
      }
      expect(hostile.closeFrame).toEqual({ code: 1008, reason: 'flood' });
      await client.hangUp();
      await eventually(async () => (await gateway.metrics()).get('streams_active') === 0);
      await eventually(() => gateway.log.filter(({ msg }) => msg === 'stream ended').length === 2);
      const [first, second] = gateway.log.filter(({ msg }) => msg === 'stream ended') as unknown as EndedStream[];
      const [bad, good] = first!.dropped.costly > 0 ? [first!, second!] : [second!, first!];
      expect([bad.closeCause, bad.closeCode]).toEqual(['flood', 1008]);
      expect(bad.dropped.costly).toBeGreaterThan(250);
      expect(Object.values(good.dropped)).toEqual(Object.values(good.dropped).map(() => 0));
      expect(good.messages).toBe(good.committed + good.control);
      const metrics = await gateway.metrics();
      expect(metrics.get('stream_closes_total{cause="flood"}')).toBe(1);
      expect(metrics.get('messages_dropped_total{reason="costly"}')).toBe(bad.dropped.costly);
      expect(metrics.get('messages_unaccounted')).toBe(0);
      // Its address is in debt: most of its upgrades are refused now, though a thousand a second are allowed.
      const answers = await Promise.all(Array.from({ length: 150 }, () => status(gateway.port)));
      expect(answers.filter((each) => each === '503').length).toBeGreaterThan(50);
    }),
  );
}

test(
  'connecting again brings no new burst: what a closed stream had in advance is missing from the next',
  judgingTimes(async () => {
    const gateway = await start('--max-messages-per-second', '100', '--resume-grace-ms', '0');
    const burst = repeat(frame({ payload: audio(0) }), 1000);
    const send = async () => {
      const peer = await RawPeer.open(gateway.port);
      peer.write(burst);
      await peer.barrier().catch(() => {});
      peer.finish();
      await peer.closed;
    };
    const limited = async () => (await gateway.metrics()).get('messages_dropped_total{reason="rate_limit"}')!;
    await send();
    expect(await limited()).toBe(0);
    await send();
    const second = await limited();
    // Of a hundred a second it may have paid back some while this machine was busy.
    expect(second).toBeGreaterThan(0);
    for (let n = 0; n < 3; n++) await send();
    expect(await limited()).toBeGreaterThan(second);
    // Another address owes nothing.
    const other = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.9' });
    onTestFinished(() => {
      other.destroy();
    });
    await once(other, 'connect');
    const before = await limited();
    other.write(upgradeRequest());
    await once(other, 'data');
    other.write(burst);
    await eventually(async () => (await gateway.streams()).some(({ messages }) => messages === 1000));
    expect(await limited()).toBe(before);
  }),
);

test('refusals that need no secret use up nothing that others need', async () => {
  const gateway = await start('--allow-cidr', '127.0.0.1/32', '--max-upgrades-per-second', '5');
  const stranger = async (path: string) => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    await once(socket, 'connect');
    socket.write(upgradeRequest(path));
    const [data] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return data.toString('latin1').split(' ')[1];
  };
  const statuses = await Promise.all(
    Array.from({ length: 40 }, (_, n) => stranger(n % 2 === 0 ? '/nonsense' : '/audio')),
  );
  expect(new Set(statuses)).toEqual(new Set(['404', '403']));
  await (await AcsClient.connect(gateway.url)).hangUp();
});

test('wrong tokens use up nothing that right ones need', async () => {
  const gateway = await start('--auth', 'token', '--auth-token', 'right', '--max-upgrades-per-second', '5');
  const wrong = await Promise.all(Array.from({ length: 40 }, () => refusedUpgrade(`${gateway.url}?token=wrong`)));
  expect(wrong.every(({ status }) => status === 401)).toBe(true);
  await (await AcsClient.connect(`${gateway.url}?token=right`)).hangUp();
});

test('an address that makes connections by the thousand is cut off at once, and another one gets in', async () => {
  const gateway = await start('--max-upgrades-per-address', '100');
  const connections = await Promise.all(
    Array.from({ length: 3000 }, async () => {
      const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      socket.on('error', () => {});
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
      return socket;
    }),
  );
  await eventually(async () => ((await gateway.metrics()).get('connections_refused_total{cause="address"}') ?? 0) > 0);
  await (await AcsClient.connect(gateway.url)).hangUp();
  for (const socket of connections) socket.destroy();
  await eventually(async () => (await gateway.metrics()).get('connections_pending') === 0);
});

test('when descriptors run out accepting stops, files and the admin port have theirs, and it begins again', async () => {
  const gateway = await GatewayProcess.startWith({ openFiles: 128 }, '--workers', '1');
  onTestFinished(() => gateway.kill());
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  const others: RawPeer[] = [];
  for (let n = 0; n < 120; n++) {
    const peer = await RawPeer.connect(gateway.port).catch(() => null);
    if (peer === null) break;
    others.push(peer);
    peer.write(upgradeRequest());
    if (!(await peer.head()).startsWith('HTTP/1.1 101')) break;
  }
  expect(others.length).toBeLessThan(100);
  await eventually(async () => (await gateway.metrics()).get('accept_pauses_total')! >= 1);
  for (let n = 0; n < 20; n++) expect((await gateway.admin('/healthz')).status).toBe(200);
  expect(await (await gateway.admin('/readyz')).json()).toEqual({ status: 'full' });
  client.send(audio(1));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
  for (const peer of others) peer.reset();
  await eventually(async () => (await gateway.admin('/readyz')).status === 200);
  await (await AcsClient.connect(gateway.url)).hangUp();
  await client.hangUp();
});

test('silent connections of one address leave room for others, and for itself as soon as they are gone', async () => {
  const gateway = await GatewayProcess.startWith({ openFiles: 128 }, '--workers', '1');
  onTestFinished(() => gateway.kill());
  const silent = await Promise.all(
    Array.from({ length: 160 }, async () => {
      const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      socket.on('error', () => {});
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
      return socket;
    }),
  );
  await eventually(async () => (await gateway.metrics()).get('connections_refused_total{cause="address"}')! > 0);
  // A balancer that asks how we are uses its connections.
  for (let n = 0; n < 30; n++) expect((await fetch(`http://127.0.0.1:${gateway.port}/healthz`)).status).toBe(200);
  await (await AcsClient.connect(gateway.url)).hangUp();
  for (const socket of silent) socket.destroy();
  await eventually(async () => (await gateway.metrics()).get('connections_pending') === 0);
  const same = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  await once(same, 'connect');
  same.write(upgradeRequest());
  const [head] = (await once(same, 'data')) as [Buffer];
  expect(head.toString('latin1')).toMatch(/^HTTP\/1.1 101/);
  same.destroy();
});

test(
  'the admin port answers one request a connection, and a probe gets in even when all connections are held',
  judgingTimes(async () => {
    const gateway = await start();
    const requests = repeat(Buffer.from('GET /metrics HTTP/1.1\r\nHost: gateway\r\n\r\n'), 40);
    const deaf = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const peer = await RawPeer.connect(gateway.adminPort);
        peer.socket.pause();
        peer.write(requests);
        return peer;
      }),
    );
    const startMs = performance.now();
    for (let n = 0; n < 10; n++) expect((await gateway.admin('/healthz')).status).toBe(200);
    expect(performance.now() - startMs).toBeLessThan(5000);
    for (const peer of deaf) peer.socket.resume();
    await Promise.all(deaf.map((peer) => peer.closed));
    for (const peer of deaf)
      expect(peer.bytes.toString('latin1').split('HTTP/1.1 200').length - 1).toBeLessThanOrEqual(1);
  }),
);
