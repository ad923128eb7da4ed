/** Pages that ask for everything and read nothing. */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/gateway-process.ts';
import { anyOverview, type ConsoleClient } from './console-client.ts';
import { start, talk } from './console-program.ts';

/** A page that asks and then reads nothing: a TCP connection whose data stay in the kernel. */
async function deafPage(client: ConsoleClient, port: number, wants: readonly object[]): Promise<Socket> {
  const socket = new Socket();
  socket.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `GET /console/live HTTP/1.1\r\nHost: ${client.address}\r\nOrigin: ${client.origin}\r\nCookie: ${client.cookie}\r\n` +
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  for (const want of wants) {
    const text = Buffer.from(JSON.stringify(want));
    // Masked with zeros.
    socket.write(
      Buffer.concat([Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 255, 0, 0, 0, 0]), text]),
    );
  }
  return socket;
}

test('twenty pages that never read cost no memory and no frame, and are cut off', { timeout: 200_000 }, async () => {
  // Rows of three kilobytes: what the kernel holds is full in seconds.
  const labelQuery = Array.from({ length: 16 }, (_, i) => `label-${i}`);
  const { client, url, gateway } = await start({ labelQuery });
  const query = labelQuery.map((name) => `${name}=${'x'.repeat(150)}`).join('&');
  const talkers = await Promise.all(Array.from({ length: 20 }, (_, i) => talk(`${url}?${query}`, String(i))));
  const reader = await client.page();
  await reader.overview({}, ({ found }) => found === talkers.length);
  const deaf = await Promise.all(
    (['connectedAt', 'level', 'jitter', 'callId'] as const).flatMap((sort) =>
      [1, 2, 3, 4, 5].map(() => deafPage(client, gateway.adminPort, [{ ...anyOverview, sort }])),
    ),
  );
  onTestFinished(() => {
    for (const socket of deaf) socket.destroy();
  });
  const viewers = async () =>
    Number(
      /console_viewers (\d+)/.exec(await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text())![1],
    );
  await eventually(async () => (await viewers()) === 21);
  const before = process.memoryUsage();
  // Some of it goes into the kernel's buffers; the rest is never made.
  await sleep(10_000);
  const after = process.memoryUsage();
  expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(20 * 2 ** 20);
  // Who reads gets everything as ever.
  const seen = reader.updates.length;
  await sleep(2_000);
  expect(reader.updates.length - seen).toBeGreaterThan(5);
  await eventually(async () => (await viewers()) === 1);
  expect(gateway.streams.size).toBe(talkers.length);
});
