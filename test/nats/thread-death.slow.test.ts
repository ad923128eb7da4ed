/** The thread of the sink dies in the middle of a round: another one continues, and consumers recognise what comes twice. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { accountOf, differencesFromSent, NatsConsumer, sumOf } from './consumer.ts';
import { faultyNatsSinks, killNatsSink } from './faulty-sink.ts';
import { drainExactly, exactCounts, sleep, startWithSinkIn } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

test('a sink thread that dies again and again loses nothing: same tracks, and each repeated frame is recognised', async () => {
  const folder = temporaryFolder();
  const sent = join(folder, 'sent');
  const server = await NatsServer.forTest();
  const gateway = await startWithSinkIn(faultyNatsSinks(folder), `nats://${server.address}`, '--ring-seconds', '10');
  const consumer = await NatsConsumer.start({ server: server.address });
  const flags = ['--calls', '40', '--duration', '4s', '--seed', '81', '--save', sent];
  const simulator = startSimulator(gateway.url, ...flags);
  for (let n = 0; n < 3; n++) {
    await sleep(600);
    await killNatsSink(folder);
  }
  expect((await simulator.report).ok).toBe(true);
  const tracks = await consumer.ended(40);

  expect(tracks).toHaveLength(40);
  expect([sumOf(tracks, 'received'), sumOf(tracks, 'missing')]).toEqual([40 * 200, 0]);
  expect(sumOf(tracks, 'repeated')).toBeGreaterThan(0);
  expect(differencesFromSent(tracks, sent)).toEqual([]);
  for (const track of tracks) {
    expect(accountOf(track)).toEqual({ frames: 200, lapped: 0, lost: 0 });
    expect(track.events[0]!.type).toBe('started');
  }
  const counts = await exactCounts(gateway, 40 * 200);
  expect(counts).toMatchObject({ lapped: 0, lost: 0, restarts: 3, errors: 3, ready: 1 });
  expect(gateway.log.filter(({ msg }) => msg === 'sink thread died')).toHaveLength(3);
  await drainExactly(gateway);
});
