/** What the simulator sends is what the sinks write, bit for bit, through real sockets, workers and threads. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

for (const decoder of ['scan', 'simdjson', 'json']) {
  test(
    `mixed and unmixed calls at both rates are recorded bit for bit by the decoder ${decoder}`,
    decoder === 'simdjson' ? needs('simdjson addon') : {},
    async () => {
      const folder = temporaryFolder();
      const recordings = join(folder, 'recorded');
      const sent = join(folder, 'sent');
      const gateway = await start('--decoder', decoder, '--sink', `wav:${recordings}`);
      const common = { url: gateway.url, durationMs: 2000, save: sent } as const;
      const reports = await Promise.all([
        simulateCalls({ ...common, calls: 20, participants: 0, seed: 1 }),
        simulateCalls({ ...common, calls: 10, participants: 0, sampleRate: 24_000, seed: 2 }),
        simulateCalls({ ...common, calls: 10, participants: 4, seed: 3 }),
      ]);
      const { code, last } = await gateway.drain();

      expect(reports.map((report) => report.ok)).toEqual([true, true, true]);
      const recorded = filesBelow(recordings, '.wav');
      expect(recorded.size).toBe(20 + 10 + 40);
      expect(differences(recorded, filesBelow(sent, '.wav'))).toEqual([]);
      for (const note of filesBelow(recordings, '.json').values()) {
        expect(JSON.parse(note.toString())).toMatchObject({ complete: true, frames: 100, missing: 0, lapped: 0 });
      }
      expect(code).toBe(0);
      expect(last).toMatchObject({ msg: 'drained', unaccounted: 0, dropped: 0, committed: 7000, control: 40 });
    },
  );
}

test('lost frames are silence in the recording, late ones are put in their place, and its length is the length of the call', async () => {
  const folder = temporaryFolder();
  const recordings = join(folder, 'recorded');
  const sent = join(folder, 'sent');
  const gateway = await start('--sink', `wav:${recordings}`);
  const impairments = { loss: 0.02, duplicate: 0.02, reorder: 0.02, silence: 0.3, malformed: 0.02 };
  const common = { url: gateway.url, durationMs: 3000, save: sent, ...impairments } as const;
  const mixed = await simulateCalls({ ...common, calls: 20, participants: 0, seed: 11 });
  const unmixed = await simulateCalls({ ...common, calls: 8, participants: 3, sampleRate: 24_000, seed: 12 });
  await gateway.drain();

  expect(mixed.expected.outOfOrderFrames).toBeGreaterThan(0);
  expect(unmixed.expected.missingFrames).toBeGreaterThan(0);
  const recorded = filesBelow(recordings, '.wav');
  expect(differences(recorded, filesBelow(sent, '.wav'))).toEqual([]);
  const lengths = new Set(Array.from(recorded.values(), (file) => file.length));
  expect([...lengths].sort()).toEqual([80 + 150 * 640, 80 + 150 * 960].sort());
});

test('pcm recordings are the same audio without a header', async () => {
  const folder = temporaryFolder();
  const recordings = join(folder, 'recorded');
  const sent = join(folder, 'sent');
  const gateway = await start('--sink', `pcm:${recordings}`);
  await simulateCalls({ url: gateway.url, calls: 3, participants: 2, durationMs: 1000, seed: 5, save: sent });
  await gateway.drain();

  const recorded = filesBelow(recordings, '.pcm');
  const expected = new Map(
    Array.from(filesBelow(sent, '.wav'), ([name, bytes]) => [name.replace('.wav', '.pcm'), bytes.subarray(80)]),
  );
  expect(recorded.size).toBe(6);
  expect(differences(recorded, expected)).toEqual([]);
});

test('with gaps=skip lost frames are left out', async () => {
  const recordings = join(temporaryFolder(), 'recorded');
  const gateway = await start('--sink', `wav:${recordings}?gaps=skip`);
  const report = await simulateCalls({
    url: gateway.url,
    calls: 5,
    participants: 0,
    durationMs: 2000,
    seed: 6,
    loss: 0.05,
  });
  await gateway.drain();

  const lengths = Array.from(filesBelow(recordings, '.wav'), ([, file]) => (file.length - 80) / 640);
  const frames = lengths.reduce((sum, length) => sum + length, 0);
  expect(report.expected.missingFrames).toBeGreaterThan(0);
  expect(frames).toBe(5 * 100 - report.expected.missingFrames);
});

test('two sinks on the same calls both get everything', async () => {
  const folder = temporaryFolder();
  const gateway = await start('--sink', `wav:${join(folder, 'a')}`, '--sink', `wav:${join(folder, 'b')}`);
  await simulateCalls({ url: gateway.url, calls: 5, participants: 2, durationMs: 1000, seed: 7 });
  const { last } = await gateway.drain();

  const first = filesBelow(join(folder, 'a'), '.wav');
  expect(first.size).toBe(10);
  expect(differences(first, filesBelow(join(folder, 'b'), '.wav'))).toEqual([]);
  expect(last).toMatchObject({ msg: 'drained', unaccounted: 0 });
});

test('two sinks may begin in one folder that is not there yet', async () => {
  const folder = join(temporaryFolder(), 'deep', 'recorded');
  const gateway = await start('--sink', `wav:${folder}`, '--sink', `pcm:${folder}`);
  await simulateCalls({ url: gateway.url, calls: 2, participants: 2, durationMs: 500, seed: 8 });
  await gateway.drain();

  expect([filesBelow(folder, '.wav').size, filesBelow(folder, '.pcm').size]).toEqual([4, 4]);
});
