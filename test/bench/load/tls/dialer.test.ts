/** The dialer against a real server: what comes back with a ticket is resumed, and what has none is not. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { Dialer } from '../../../../bench/load/tls/dialer.ts';
import { usualSuites } from '../../../../bench/load/tls-client.ts';
import { selfSignedCertificate } from '../../../support/certificate.ts';

/** Returns its port, and its connections. */
async function listen(): Promise<{ port: number; clients: WebSocketServer['clients'] }> {
  const server = createServer(selfSignedCertificate());
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, clients: sockets.clients };
}

function dialer(port: number, suites = usualSuites): Dialer {
  const one = new Dialer({ port, path: '/audio', isTls: true, suites });
  onTestFinished(() => one.close());
  return one;
}

test('streams are opened beside those that are open, and closed', async () => {
  const { port, clients } = await listen();
  const one = dialer(port);
  await one.open({ count: 3, isReturning: false });
  await one.open({ count: 2, isReturning: false });
  expect(clients.size).toBe(5);
  one.close();
  await expect.poll(() => clients.size).toBe(0);
});

test('who comes back with a ticket is resumed', async () => {
  const { port } = await listen();
  const one = dialer(port);
  expect(await one.open({ count: 5, isReturning: true })).toMatchObject({ resumed: 0 });
  one.close();
  expect(await one.open({ count: 5, isReturning: false })).toMatchObject({ resumed: 0 });
  one.close();
  expect(await one.open({ count: 5, isReturning: true })).toMatchObject({ resumed: 5 });
});

test.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'])(
  '%s is agreed on when nothing else is offered',
  async (suite) => {
    const { port } = await listen();
    expect(await dialer(port, suite).open({ count: 1, isReturning: false })).toEqual({ resumed: 0, suite });
  },
);
