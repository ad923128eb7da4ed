/** What the simulator sends is what a consumer in another process puts together, bit for bit, with every fact of the contract. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { accountOf, differencesFromSent, NatsConsumer, sumOf } from './consumer.ts';
import type { TrackReport } from './heard.ts';
import { drainExactly, exactCounts, startOn, startWithSink } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

/** A consumer that subscribes when it hears of a participant has at least this long. */
const leadMs = 50;

function expectWhole(tracks: readonly TrackReport[], frames: number): void {
  for (const { track, missing, repeated, disordered } of tracks)
    expect({ track, missing, repeated, disordered }).toEqual({ track, missing: 0, repeated: 0, disordered: 0 });
  expect(sumOf(tracks, 'received')).toBe(frames);
}

test(
  'every frame of 1,000 streams reaches a consumer in another process, in order and bit for bit',
  judgingTimes(async (machine) => {
    const sent = join(temporaryFolder(), 'sent');
    const server = await NatsServer.forTest();
    const gateway = await startOn(server, '--ring-seconds', '5');
    const consumer = await NatsConsumer.start({ server: server.address });
    const flags = ['--calls', '1000', '--duration', '2s', '--ramp', '3s', '--seed', '61', '--save', sent];
    const { ok, expected } = await startSimulator(gateway.url, ...flags).report;
    const tracks = await consumer.ended(1000);

    expect(ok).toBe(true);
    expect(expected.frames).toBe(100_000);
    await always(() => {
      expectWhole(tracks, expected.frames);
      expect(differencesFromSent(tracks, sent)).toEqual([]);
    });
    for (const track of tracks) {
      const { events, firstFrameMs } = track;
      expect(accountOf(track)).toEqual({ frames: 100, lapped: 0, lost: 0 });
      expect(firstFrameMs - Date.parse(events[0]!.time)).toBeGreaterThanOrEqual(leadMs - machine.worstMs);
    }
    expect(await consumer.summary()).toMatchObject({ tracks: 1000, connections: 1, problems: [] });
    expect(await exactCounts(gateway, 100_000)).toMatchObject({ lapped: 0, lost: 0, errors: 0, ready: 1 });
    await drainExactly(gateway);
  }),
);

const impaired = ['--loss', '0.02', '--duplicate', '0.02', '--reorder', '0.02', '--silence', '0.3'];

test('loss, repetition, disorder and silence reach every consumer of two servers as they came, one to a message and ten, at both rates', async () => {
  const sent = join(temporaryFolder(), 'sent');
  const [first, second] = [await NatsServer.forTest(), await NatsServer.forTest()];
  const gateway = await startWithSink(
    `nats://${first.address}`,
    ...['--sink', `nats://${second.address}/other.prefix?frames=10`, '--ring-seconds', '5'],
  );
  const consumers = await Promise.all([
    NatsConsumer.start({ server: first.address }),
    NatsConsumer.start({ server: first.address }),
    NatsConsumer.start({ server: second.address, prefix: 'other.prefix' }),
  ]);
  const common = ['--duration', '2500ms', '--save', sent, ...impaired];
  const mixed = startSimulator(gateway.url, '--calls', '8', '--seed', '62', ...common);
  const unmixed = startSimulator(
    gateway.url,
    ...['--calls', '6', '--participants', '3', '--rate', '24000', '--seed', '63', ...common],
  );
  const reports = [await mixed.report, await unmixed.report];
  const total = (name: 'frames' | 'silentFrames' | 'missingFrames' | 'duplicateFrames' | 'outOfOrderFrames') =>
    reports[0]!.expected[name] + reports[1]!.expected[name];
  expect(total('missingFrames')).toBeGreaterThan(0);

  for (const [n, consumer] of consumers.entries()) {
    const tracks = await consumer.ended(8 + 18);
    expectWhole(tracks, total('frames'));
    expect(differencesFromSent(tracks, sent)).toEqual([]);
    expect({
      silent: sumOf(tracks, 'silent'),
      duplicate: sumOf(tracks, 'duplicate'),
      late: sumOf(tracks, 'late'),
      missing: sumOf(tracks, 'missingBefore'),
    }).toEqual({
      silent: total('silentFrames'),
      duplicate: total('duplicateFrames'),
      late: total('outOfOrderFrames'),
      missing: total('missingFrames'),
    });
    expect(new Set(tracks.map(({ sampleRate }) => sampleRate))).toEqual(new Set([16_000, 24_000]));
    for (const { events } of tracks) expect(events[0]!.framesPerMessage).toBe(n === 2 ? 10 : 1);
    const { messages, problems } = await consumer.summary();
    expect(problems).toEqual([]);
    if (n === 2) expect(messages).toBeLessThan(total('frames') / 4);
    else expect(messages).toBeGreaterThanOrEqual(total('frames') + 2 * tracks.length);
  }
  const metrics = await gateway.metrics();
  for (const sink of [`nats://${first.address}/acs.audio`, `nats://${second.address}/other.prefix?frames=10`]) {
    expect(metrics.get(`sink_ready{sink="${sink}"}`)).toBe(1);
    expect(metrics.get(`sink_frames_total{sink="${sink}"}`)).toBe(total('frames'));
  }
  await drainExactly(gateway);
});
