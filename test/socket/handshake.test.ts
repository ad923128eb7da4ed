/** Credentials that take time, or cannot be checked, on the real front end: every upgrade gets an answer, whatever goes wrong. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { geometryOf } from '../../src/memory/geometry.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { FrontEnd } from '../../src/socket/front-end.ts';
import { createGuards } from '../../src/socket/guards.ts';
import type { AdmissionPolicy, Authenticate } from '../../src/socket/upgrade.ts';
import { StreamRegistry } from '../../src/stream/registry.ts';
import { nobody } from '../../src/stream/stream-observer.ts';
import { Totals } from '../../src/stream/totals.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';

async function frontEnd(authenticate: Authenticate, readiness: AdmissionPolicy['readiness'] = () => 'ready') {
  const config = readConfig({ argv: ['--max-streams', '10', '--ring-memory-mb', '16'] });
  const memory = SharedMemory.create(geometryOf(config));
  const totals = new Totals();
  const errors: unknown[] = [];
  const front = new FrontEnd({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    onCertificate: () => {},
    messageBytesMax: 4096,
    metadataTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    admission: {
      path: '/audio',
      isAllowed: () => true,
      isDuplicate: () => false,
      pressure: () => null,
      readiness,
    },
    ...createGuards(config, totals),
    isTooCostly: () => false,
    proxies: null,
    authenticate,
    onHandshakeError: (error) => errors.push((error as Error).message),
    duplicate: 'allow',
    registry: new StreamRegistry({
      memory,
      lanes: [],
      totals,
      observers: nobody,
      streamsMax: 10,
      messagesPerSecondMax: 100,
      lingerMs: 1000,
      resumeGraceMs: 0,
      onDecoded: () => {},
      onEnded: () => {},
    }),
    labelsOf: null,
    totals,
    capture: null,
    clock: () => performance.now(),
  });
  const port = await front.listen();
  onTestFinished(() => front.stop());
  return { port, totals, errors };
}

/** The first line of the answer; empty when the connection was cut without one. */
async function answer(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(upgradeRequest());
  const closed = once(socket, 'close');
  while (!text.includes('\r\n\r\n') && !socket.closed) await Promise.race([closed, sleep(10)]);
  socket.destroy();
  return text.split('\r\n')[0]!;
}

const fault = new Error('no disk, no keys');

test.each<[string, Authenticate]>([
  ['rejects', () => () => Promise.reject(fault)],
  ['rejects later', () => () => sleep(20).then(() => Promise.reject(fault))],
  [
    'throws',
    () => {
      throw fault;
    },
  ],
])('a check of credentials that %s refuses the upgrade with 401, counted and told', async (_how, authenticate) => {
  const { port, totals, errors } = await frontEnd(authenticate);
  expect(await answer(port)).toBe('HTTP/1.1 401 Unauthorized');
  expect(totals.upgrades.unauthorized).toBe(1);
  expect(errors).toEqual([fault.message]);
});

test('an answer that cannot be given cuts the connection, and neither the process nor the next upgrade suffers', async () => {
  let looks = 0;
  // The first look is before the check, the second one behind it.
  const { port, totals, errors } = await frontEnd(
    () => () => sleep(10).then(() => 'somebody'),
    () => {
      if (++looks === 2) throw fault;
      return looks === 1 ? 'ready' : 'draining';
    },
  );
  expect(await answer(port)).toBe('');
  expect(errors).toEqual([fault.message]);
  expect(await answer(port)).toBe('HTTP/1.1 503 Service Unavailable');
  expect([totals.upgrades.draining, errors.length]).toEqual([1, 1]);
});

test('a peer that is gone before its credentials are checked costs nothing', async () => {
  const check = Promise.withResolvers<string>();
  const { port, totals, errors } = await frontEnd(() => () => check.promise);
  const socket = connect(port, '127.0.0.1');
  socket.write(upgradeRequest());
  await sleep(50);
  socket.resetAndDestroy();
  await sleep(50);
  check.resolve('somebody');
  await sleep(50);
  expect([totals.upgrades.accepted, errors]).toEqual([0, []]);
});
