/** The port, when it passes to another app. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { Listener, type ListenerHandlers } from '../../src/socket/uws.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';

const handlers: ListenerHandlers<object> = {
  connected: () => true,
  disconnected: () => {},
  upgrade: () => {},
  open: () => {},
  message: () => {},
  close: () => {},
  control: () => {},
  pong: () => {},
  drain: () => {},
  health: () => {},
  ready: () => {},
  plain: () => {},
};

test('who waits to be accepted while the certificate is renewed is not reset', async () => {
  const folder = temporaryFolder();
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const { cert, key } = selfSignedCertificate();
  writeFileSync(tls.cert, cert);
  writeFileSync(tls.key, key);
  const listener = new Listener({ host: '127.0.0.1', port: 0, tls, messageBytesMax: 1000 }, handlers);
  const port = await listener.listen();
  onTestFinished(() => listener.stop());
  // The kernel completes each of them at once; nobody accepts them before this turn of the loop is over.
  const callers = Array.from({ length: 20 }, () => connect({ port, host: '127.0.0.1', rejectUnauthorized: false }));
  process.nextTick(() => listener.renew());
  await Promise.all(callers.map((caller) => once(caller, 'secureConnect')));
  for (const caller of callers) caller.destroy();
  expect(callers.length).toBe(20);
});

test('a port that is given up in the middle of a renewal is free', async () => {
  const listener = new Listener({ host: '127.0.0.1', port: 0, tls: null, messageBytesMax: 1000 }, handlers);
  const port = await listener.listen();
  listener.renew();
  listener.renew();
  listener.stop();
  const next = new Listener({ host: '127.0.0.1', port, tls: null, messageBytesMax: 1000 }, handlers);
  onTestFinished(() => next.stop());
  expect(await next.listen()).toBe(port);
});
