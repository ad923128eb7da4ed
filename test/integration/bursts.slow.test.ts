/** Bursts of 200 calls at once, with all recorders there are, beside calls that continue; and recorders that do not come. */
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { gatedSavedMs, gatedShare } from '../../src/decoder/gating.ts';
import { hangingSink } from '../sink/hanging-sink.ts';
import { recordingSink } from '../sink/recording-sink.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { judgingTimes, type Starvation, unlessStarved } from '../support/starvation.ts';

type Samples = ReadonlyMap<string, number>;

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** Sum of all samples of a name. */
function total(samples: Samples, name: string): number {
  let sum = 0;
  for (const [sample, value] of samples) if (sample.split('{')[0] === name) sum += value;
  return sum;
}

/** The share of audio messages that were in their rings within so long. */
function shareWithin(samples: Samples, seconds: number): number {
  return samples.get(`residence_seconds_bucket{le="${seconds}"}`)! / samples.get('residence_seconds_count')!;
}

/** Of a call, before and after its stall together: as long on either side as rings are. */
const restSeconds = 4;

/** Nothing of ours keeps a thread waiting for so long: others had the machine, and what a burst cost then says nothing. */
const starvedMs = 300;

/** Nothing is missing from any recording. On a machine that gave us no time all that counts is that loss is told. */
function expectNoLoss(samples: Samples, machine: Starvation): void {
  if (machine.worstMs > starvedMs) {
    const read = total(samples, 'sink_frames_total') + total(samples, 'sink_lapped_frames_total');
    const sinks = [...samples.keys()].filter((name) => name.startsWith('sink_frames_total')).length;
    expect(read).toBe(sinks * total(samples, 'frames_committed_total'));
    return;
  }
  const lost = ['sink_lapped_frames_total', 'sink_lost_frames_total', 'frames_missing_total', 'messages_dropped_total'];
  expect(lost.map((name) => [name, total(samples, name)])).toEqual(lost.map((name) => [name, 0]));
}

function tell(what: string, samples: Samples, machine: Starvation): void {
  const within = (100 * shareWithin(samples, 0.02)).toFixed(2);
  const gated = total(samples, 'gated_seconds_total').toFixed(2);
  const late = `a thread was woken up to ${machine.worstMs.toFixed(0)} ms late`;
  console.info(`${what}: ${within} % within 20 ms, gated for ${gated} s, ${late}`);
}

describe('a stall of 200 calls', () => {
  test.each([2, 3, 5, 10])('for %i s costs no recorder a frame', (seconds) =>
    unlessStarved(async (machine) => {
      const folder = temporaryFolder();
      const sinks = ['wav', 'pcm'].flatMap((kind) => ['--sink', `${kind}:${join(folder, kind)}`]);
      const gateway = await start(...sinks, '--sink', `module:${recordingSink}?name=module`);
      const flags = ['--calls', '200', '--duration', `${seconds + restSeconds}s`, '--stall', `${seconds}s`];
      const report = await startSimulator(gateway.url, ...flags).report;
      await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
      const samples = await gateway.metrics();
      tell(`200 calls, ${seconds} s`, samples, machine);
      expect(report).toMatchObject({ ok: true, expected: { frames: 200 * 50 * (seconds + restSeconds) } });
      expectNoLoss(samples, machine);
      expect((await gateway.drain()).code).toBe(0);
      const notes = [...filesBelow(folder, '.json').values()].map((note) => JSON.parse(note.toString()));
      expect(notes).toHaveLength(400);
      if (machine.worstMs > starvedMs) return;
      for (const note of notes)
        expect(note).toMatchObject({ frames: 50 * (seconds + restSeconds), missing: 0, lapped: 0 });
    }),
  );

  test('for 10 s leaves 500 others below 20 ms', () =>
    unlessStarved(async (machine) => {
      const gateway = await start('--sink', `wav:${join(temporaryFolder(), 'wav')}`);
      const others = startSimulator(gateway.url, '--calls', '500', '--duration', '24s').report;
      await eventually(async () => total(await gateway.metrics(), 'streams_active') === 500);
      const stalled = startSimulator(
        gateway.url,
        '--calls',
        '200',
        '--duration',
        `${10 + restSeconds}s`,
        '--stall',
        '10s',
      ).report;
      expect([(await stalled).ok, (await others).ok]).toEqual([true, true]);
      await eventually(async () => (await gateway.metrics()).get('ring_memory_bytes') === 0);
      const samples = await gateway.metrics();
      tell('beside 500 others', samples, machine);
      expectNoLoss(samples, machine);
      // Of all frames, those of the burst included. A machine that is busy with others says nothing about ours.
      if (!machine.wakesLate) expect(shareWithin(samples, 0.02)).toBeGreaterThanOrEqual(0.99);
    }));
});

test(
  'a recorder that hangs again and again costs the decoder its budget at most',
  judgingTimes(async () => {
    const wav = ['--sink', `wav:${join(temporaryFolder(), 'wav')}`];
    const hanging = ['--sink', `module:${hangingSink}?loops&records&name=hanging`, '--thread-timeout-ms', '1000'];
    const gateway = await start(...wav, ...hanging);
    const begunMs = performance.now();
    const report = await startSimulator(gateway.url, '--calls', '50', '--duration', '10s').report;
    const samples = await gateway.metrics();
    const elapsedMs = performance.now() - begunMs;
    const gatedMs = 1000 * samples.get('gated_seconds_total{sink="hanging"}')!;
    expect(report.ok).toBe(true);
    expect(samples.get('thread_hangs_total{thread="sink:hanging"}')).toBeGreaterThanOrEqual(1);
    expect(total(samples, 'messages_dropped_total')).toBe(0);
    expect(gatedMs).toBeLessThanOrEqual(gatedSavedMs.ofLane + gatedShare.ofLane * elapsedMs + 100);
    expect(samples.get('frames_committed_total')).toBe(25_000);
  }),
);
