/** kill -9 under load: every recording can be read and has everything but its last second; what is there is never overwritten. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { framesPerSecond } from '../../src/base/limits.ts';
import { decodeWav } from '../../src/base/wav.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const [wavHeader, frameBytes] = [80, 640];

async function start(recordings: string): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start('--sink', `wav:${recordings}`);
  onTestFinished(() => gateway.kill());
  return gateway;
}

test(
  'kill -9 beneath 50 calls leaves recordings with all but the last second, and the next run does not touch them',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const [recordings, sent] = [join(folder, 'recorded'), join(folder, 'sent')];
    const calls = ['--calls', '50', '--seed', '51'];
    const gateway = await start(recordings);
    const simulator = startSimulator(gateway.url, ...calls, '--duration', '20s', '--save', sent);
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total')! >= 50 * 4 * framesPerSecond);
    await gateway.kill();
    const report = await simulator.report;
    expect(report.calls.ended_early).toBe(50);

    const [recorded, expected] = [filesBelow(recordings, '.wav'), filesBelow(sent, '.wav')];
    expect([...recorded.keys()]).toEqual([...expected.keys()]);
    expect(recorded.size).toBe(50);
    const missing: number[] = [];
    for (const [name, file] of recorded) {
      const { sampleRate, channels, samples } = decodeWav(file);
      expect([sampleRate, channels]).toEqual([16_000, 1]);
      // The header says what is there: half a second of audio at most may stand behind it.
      expect(file.readUInt32LE(4)).toBe(wavHeader - 8 + file.readUInt32LE(76));
      expect(file.readUInt32LE(76)).toBe(samples.length * 2);
      const whole = expected.get(name)!;
      expect(file.subarray(wavHeader).equals(whole.subarray(wavHeader, file.length))).toBe(true);
      missing.push((whole.length - wavHeader - samples.length * 2) / frameBytes);
    }
    expect(Math.max(...missing)).toBeLessThanOrEqual(framesPerSecond);
    expect(Math.min(...missing)).toBeGreaterThanOrEqual(0);
    for (const note of filesBelow(recordings, '.json').values()) {
      expect(JSON.parse(note.toString())).toMatchObject({ complete: false });
    }

    const all = () => new Map([...filesBelow(recordings, '.wav'), ...filesBelow(recordings, '.json')]);
    const before = all();
    const next = await start(recordings);
    await startSimulator(next.url, ...calls, '--duration', '1s').report;
    expect((await next.drain()).last).toMatchObject({ msg: 'drained', unaccounted: 0 });
    const after = all();
    await always(() => {
      for (const [name, bytes] of before) expect(after.get(name)!.equals(bytes), name).toBe(true);
    });
    const added = [...after.keys()].filter((name) => !before.has(name));
    const inNewFolders = new Map([...recorded].map(([name, bytes]) => [name.replace('/', '-2/'), bytes]));
    expect(added.filter((name) => name.endsWith('.wav'))).toEqual([...inNewFolders.keys()]);
  }),
);

test(
  'soxi reads what a gateway that was killed has left',
  needs('soxi'),
  judgingTimes(async () => {
    const recordings = join(temporaryFolder(), 'recorded');
    const gateway = await start(recordings);
    const simulator = startSimulator(gateway.url, '--calls', '5', '--duration', '20s');
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total')! >= 5 * 3 * framesPerSecond);
    await gateway.kill();
    await simulator.report;
    const files = Array.from(filesBelow(recordings, '.wav').keys(), (name) => join(recordings, name));
    const lengths = execFileSync('soxi', ['-D', ...files])
      .toString()
      .trim()
      .split('\n')
      .map(Number);
    expect(lengths).toHaveLength(5);
    expect(Math.min(...lengths)).toBeGreaterThan(1.5);
  }),
);
