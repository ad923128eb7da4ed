/** What a peer sees of the front end: answers to an upgrade, closing codes, limits. Real sockets, real process. */
import { createConnection } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, audio, metadata, refusedUpgrade } from '../support/acs-client.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** One raw HTTP request; the status line of the answer. */
function rawRequest(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.once('data', (data) => {
      resolve(data.toString('latin1').split('\r\n')[0]!);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(''));
  });
}

test('the path and every path below it are served, another one is answered with 404', async () => {
  const gateway = await start('--path', '/calls');
  const base = `ws://127.0.0.1:${gateway.port}`;
  for (const path of ['/calls', '/calls/', '/calls/a/b', '/calls?x=1']) {
    await (await AcsClient.connect(base + path)).hangUp();
  }
  for (const path of ['/', '/callsx', '/audio']) expect((await refusedUpgrade(base + path)).status).toBe(404);
  const metrics = await gateway.metrics();
  expect(metrics.get('upgrades_total{result="accepted"}')).toBe(4);
  expect(metrics.get('upgrades_total{result="not_found"}')).toBe(3);
});

test('what is no WebSocket upgrade, or a malformed one, is answered with 400', async () => {
  const gateway = await start();
  const upgrade = ['GET /audio HTTP/1.1', 'Host: gateway', 'Connection: Upgrade', 'Upgrade: websocket'];
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  expect(await rawRequest(gateway.port, ['GET /audio HTTP/1.1', 'Host: gateway'])).toBe('HTTP/1.1 400 Bad Request');
  expect(await rawRequest(gateway.port, [...upgrade, key])).toBe('HTTP/1.1 400 Bad Request');
  expect(await rawRequest(gateway.port, [...upgrade, key, 'Sec-WebSocket-Version: 8'])).toBe(
    'HTTP/1.1 400 Bad Request',
  );
  expect(await rawRequest(gateway.port, [...upgrade, 'Sec-WebSocket-Version: 13'])).toBe('HTTP/1.1 400 Bad Request');
  expect(await rawRequest(gateway.port, [...upgrade, key, 'Sec-WebSocket-Version: 13'])).toContain('101');
  expect((await gateway.metrics()).get('upgrades_total{result="bad_request"}')).toBe(4);
});

test('neither a sub-protocol nor an extension is agreed to', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  expect(client.socket.extensions).toBe('');
  expect(client.socket.protocol).toBe('');
});

test('one stream too many is answered with 503 and Retry-After, and has room again when another ended', async () => {
  const gateway = await start('--max-streams', '2');
  const clients = [await AcsClient.connect(gateway.url), await AcsClient.connect(gateway.url)];
  expect(await refusedUpgrade(gateway.url)).toEqual({ status: 503, retryAfter: '5' });
  const ready = await gateway.admin('/readyz');
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'full' }]);
  await clients[0]!.hangUp();
  await eventually(async () => (await gateway.admin('/readyz')).status === 200);
  await AcsClient.connect(gateway.url);
  expect((await gateway.metrics()).get('upgrades_total{result="overloaded"}')).toBe(1);
});

test('when the ring memory is spent new streams are refused and running ones are not', async () => {
  // One megabyte holds nine rings.
  const gateway = await start('--ring-memory-mb', '1');
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), ...Array.from({ length: 12 }, (_, i) => audio(0, Buffer.alloc(640, 1), `4:+155501${i}`)));
  await eventually(async () => (await gateway.metrics()).get('messages_dropped_total{reason="ring_memory"}') === 3);
  expect((await refusedUpgrade(gateway.url)).status).toBe(503);
  client.send(audio(1, Buffer.alloc(640, 2), '4:+1555010'));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 10);
  await client.hangUp();
  await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
  await AcsClient.connect(gateway.url);
});

test('a stream that sends nothing at all is closed with 1008 after the metadata timeout', async () => {
  const gateway = await start('--metadata-timeout-ms', '200');
  const client = await AcsClient.connect(gateway.url);
  expect(await client.closed).toBe(1008);
  expect((await gateway.metrics()).get('stream_closes_total{cause="metadata_timeout"}')).toBe(1);
});

test('a stream without audio is closed with 1008 after the idle timeout, whatever else it sends', async () => {
  const gateway = await start('--idle-timeout-ms', '400');
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  const timer = setInterval(() => client.send('{"kind":"DtmfData","dtmfData":{"data":"5"}}'), 50);
  expect(await client.closed).toBe(1008);
  clearInterval(timer);
  expect((await gateway.metrics()).get('stream_closes_total{cause="idle"}')).toBe(1);
});

test('a message that is too long ends its stream with 1009 and no other', async () => {
  const gateway = await start('--max-message-bytes', '8192');
  const client = await AcsClient.connect(gateway.url);
  const other = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0), 'x'.repeat(8193));
  expect(await client.closed).toBe(1009);
  other.send(metadata(), audio(0));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
  expect((await gateway.metrics()).get('stream_closes_total{cause="too_big"}')).toBe(1);
  await other.hangUp();
  expect((await gateway.drain()).last).toMatchObject({ unaccounted: 0, received: 4 });
});

test('a message far beyond the limit ends its stream as too big as well', async () => {
  const gateway = await start('--max-message-bytes', '8192');
  const client = await AcsClient.connect(gateway.url);
  client.send('x'.repeat(100_000));
  await client.closed;
  expect((await gateway.metrics()).get('stream_closes_total{cause="too_big"}')).toBe(1);
});

test('malformed, binary and unknown messages are counted and never close a stream', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  client.send('garbage', Buffer.from('binary'), '{"kind":"News"}', '', metadata(), audio(0));
  await eventually(async () => (await gateway.metrics()).get('messages_total{outcome="committed"}') === 1);
  const metrics = await gateway.metrics();
  expect(metrics.get('messages_dropped_total{reason="malformed_json"}')).toBe(2);
  expect(metrics.get('messages_total{outcome="ignored"}')).toBe(2);
  expect(client.socket.readyState).toBe(1);
});

test('a ping is answered and does not end the stream', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  const answered = new Promise((resolve) => client.socket.once('pong', resolve));
  client.socket.ping();
  await answered;
  client.send(metadata(), audio(0));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1);
});

test('the first messages are taken even when they come together with the upgrade', async () => {
  const gateway = await start();
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0), audio(1));
  client.socket.terminate();
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 2);
});
