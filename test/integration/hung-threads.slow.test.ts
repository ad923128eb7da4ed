/** A sink that hangs instead of dying: it is seen, counted and replaced, nobody else notices, and the process ends all the same. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inexactExitCode } from '../../src/base/errors.ts';
import { exitMsMax } from '../../src/base/limits.ts';
import { hangingSink } from '../sink/hanging-sink.ts';
import { took } from '../support/fair-clock.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { frozenDisk } from '../support/frozen-disk.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { IdentityWatch } from '../support/identity-watch.ts';
import { needs } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const drainMs = 500;
const [wavHeader, frameBytes] = [80, 640];

async function start(...flags: string[]): Promise<GatewayProcess> {
  const timeouts = ['--thread-timeout-ms', '1500', '--drain-timeout-ms', String(drainMs)];
  const gateway = await GatewayProcess.start('--workers', '1', ...timeouts, ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

function pipe(): { readonly path: string; readonly letGo: () => void } {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return { path, letGo: () => closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)) };
}

/** Looks, and fails if the account is wrong. */
class Watch extends IdentityWatch {
  constructor(gateway: GatewayProcess, rings: number) {
    super(gateway, { rings });
  }

  override async look(): Promise<ReadonlyMap<string, number>> {
    const metrics = await super.look();
    expect([...this.problems]).toEqual([]);
    return metrics;
  }

  /** Looks again and again, until it is as it should be. */
  until(condition: (metrics: ReadonlyMap<string, number>) => boolean): Promise<void> {
    return eventually(async () => condition(await this.look()));
  }
}

function label(sink: string): string {
  return `{sink="${sink}"}`;
}

describe('a module that loops for ever', () => {
  test(
    'is not ready, what it does not read is lapped at once, it is replaced, and no other sink notices',
    judgingTimes(async () => {
      const folder = temporaryFolder();
      const [recorded, sent] = [join(folder, 'recorded'), join(folder, 'sent')];
      const gateway = await start('--sink', `module:${hangingSink}?loops=once&name=stuck`, '--sink', `wav:${recorded}`);
      const watch = new Watch(gateway, 6);
      const simulated = ['--calls', '3', '--participants', '2', '--duration', '12s', '--save', sent];
      const { report } = startSimulator(gateway.url, ...simulated);
      const stuck = label('stuck');
      const thread = '{thread="sink:stuck"}';
      expect((await watch.look()).get(`thread_hangs_total${thread}`)).toBe(0);
      await watch.until((metrics) => metrics.get(`thread_hangs_total${thread}`) === 1);
      await watch.until((metrics) => metrics.get(`sink_ready${stuck}`) === 1);
      const metrics = await watch.look();
      expect(metrics.get(`thread_restarts_total${thread}`)).toBe(1);
      expect(metrics.get(`sink_restarts_total${stuck}`)).toBe(1);
      await report;
      await eventually(async () => (await gateway.streams()).length === 0);
      const after = await watch.look();
      expect(after.get(`sink_frames_total${stuck}`)! + after.get(`sink_lapped_frames_total${stuck}`)!).toBe(3600);
      expect(after.get(`sink_frames_total${label(`wav:${recorded}`)}`)).toBe(3600);
      expect(after.get(`sink_frames_unaccounted${stuck}`)).toBe(0);
      const { code, last } = await gateway.drain();
      await always(() => expect([code, last]).toMatchObject([0, { msg: 'drained', unaccounted: 0 }]));
      expect(gateway.log.filter(({ msg }) => msg === 'sink thread hangs')).toMatchObject([
        { level: 'error', sink: 'stuck', restartMs: 100 },
      ]);
      expect(differences(filesBelow(recorded, '.wav'), filesBelow(sent, '.wav'))).toEqual([]);
    }),
  );

  test(
    'again and again is lapped all the time, and does not keep the process from ending in time, with its account',
    judgingTimes(async (machine) => {
      const gateway = await start('--sink', `module:${hangingSink}?loops&name=stuck`);
      const watch = new Watch(gateway, 2);
      startSimulator(gateway.url, '--calls', '2', '--participants', '1', '--duration', '60s');
      const lapped = `sink_lapped_frames_total${label('stuck')}`;
      await watch.until((metrics) => metrics.get('thread_hangs_total{thread="sink:stuck"}')! >= 2);
      const before = (await watch.look()).get(lapped)!;
      await watch.until((metrics) => metrics.get(lapped)! > before + 20);
      const ended = gateway.drain();
      expect(await took(ended)).toBeLessThan(drainMs + exitMsMax + machine.worstMs);
      const { last } = await ended;
      await always(() => expect(last).toMatchObject({ msg: expect.stringMatching(/^drained/), unaccounted: 0 }));
    }),
  );
});

describe('a module in a system call that does not return', needs('linux'), () => {
  async function blocked() {
    const { path, letGo } = pipe();
    const gateway = await start('--sink', `module:${hangingSink}?blocks=${path}&name=stuck`);
    const simulator = startSimulator(gateway.url, '--calls', '2', '--participants', '1', '--duration', '60s');
    const watch = new Watch(gateway, 2);
    const abandoned = (count: number) =>
      watch.until((metrics) => metrics.get('threads_abandoned{thread="sink:stuck"}') === count);
    return { gateway, simulator, watch, abandoned, letGo };
  }

  test(
    'is abandoned, at most two of them, and told; the process ends in time all the same',
    judgingTimes(async (machine) => {
      const { gateway, abandoned, watch } = await blocked();
      await abandoned(2);
      await watch.until((metrics) => metrics.get(`sink_ready${label('stuck')}`) === 0);
      const ended = gateway.drain();
      expect(await took(ended)).toBeLessThan(drainMs + exitMsMax + machine.worstMs);
      const { code } = await ended;
      const account = gateway.log.findLast(({ msg }) => msg?.startsWith('drained'));
      // A sink that was cut off cannot say what it has kept.
      await always(() => expect([code, account]).toMatchObject([inexactExitCode, { unaccounted: 0 }]));
      expect(gateway.log.filter(({ msg }) => msg === 'sink cut off')).toHaveLength(1);
      expect(gateway.log.filter(({ msg }) => msg === 'sink thread cannot be ended')).toMatchObject([
        { threads: 1 },
        { threads: 2 },
      ]);
    }),
  );

  test(
    'does not keep a second signal from ending the process at once',
    judgingTimes(async (machine) => {
      const { gateway, watch } = await blocked();
      await watch.until((metrics) => metrics.get('frames_committed_total')! > 100);
      gateway.signal('SIGTERM');
      await eventually(() => gateway.log.some(({ msg }) => msg === 'draining'));
      await new Promise((resolve) => setTimeout(resolve, 400));
      gateway.signal('SIGTERM');
      expect(await took(gateway.exit())).toBeLessThan(2000 + machine.worstMs);
      expect(await gateway.exit()).toBe(1);
    }),
  );
});

describe('a disk that does not answer', needs('frozen disk'), () => {
  test(
    'costs the frames of that time, counted while it lasts; then writing goes on in the same files',
    judgingTimes(async () => {
      const disk = frozenDisk();
      const folder = temporaryFolder();
      const [recorded, other, sent] = [join(disk.folder, 'recorded'), join(folder, 'other'), join(folder, 'sent')];
      const gateway = await start('--sink', `wav:${recorded}`, '--sink', `wav:${other}`);
      const watch = new Watch(gateway, 4);
      const { report } = startSimulator(
        gateway.url,
        ...['--calls', '4', '--participants', '1', '--duration', '20s', '--save', sent],
      );
      const frozen = label(`wav:${recorded}`);
      await watch.until((metrics) => metrics.get(`sink_frames_total${frozen}`)! > 200);
      disk.freeze();
      await watch.until((metrics) => metrics.get(`thread_hangs_total{thread="sink:wav:${recorded}"}`)! > 0);
      await watch.until((metrics) => metrics.get(`threads_abandoned{thread="sink:wav:${recorded}"}`)! > 0);
      await watch.until((metrics) => metrics.get(`sink_lapped_frames_total${frozen}`)! > 100);
      disk.thaw();
      await watch.until((metrics) => metrics.get(`threads_abandoned{thread="sink:wav:${recorded}"}`) === 0);
      await watch.until((metrics) => metrics.get(`sink_ready${frozen}`) === 1);
      await report;
      await eventually(async () => (await gateway.streams()).length === 0);
      const metrics = await watch.look();
      const lapped = metrics.get(`sink_lapped_frames_total${frozen}`)!;
      expect(metrics.get(`sink_frames_total${frozen}`)! + lapped).toBe(4000);
      const { code, last } = await gateway.drain();
      await always(() => expect([code, last]).toMatchObject([0, { msg: 'drained', unaccounted: 0 }]));
      const expected = filesBelow(sent, '.wav');
      expect(differences(filesBelow(other, '.wav'), expected)).toEqual([]);
      let silenced = 0;
      for (const [name, file] of filesBelow(recorded, '.wav')) silenced += silencedFrames(file, expected.get(name)!);
      expect(silenced).toBeGreaterThan(0);
      expect(silenced).toBeLessThanOrEqual(lapped);
    }),
  );

  test(
    'keeps neither the account nor the end: what is left of the process waits in the kernel alone',
    judgingTimes(async (machine) => {
      const disk = frozenDisk();
      const gateway = await start('--sink', `wav:${join(disk.folder, 'recorded')}`);
      const watch = new Watch(gateway, 4);
      startSimulator(gateway.url, '--calls', '4', '--participants', '1', '--duration', '60s');
      await watch.until((metrics) => metrics.get('frames_committed_total')! > 200);
      disk.freeze();
      await watch.until((metrics) => [...metrics].some(([name, n]) => name.startsWith('threads_abandoned') && n > 0));
      gateway.signal('SIGTERM');
      const account = eventually(() =>
        gateway.log.some(({ msg, unaccounted }) => msg?.startsWith('drained') && unaccounted === 0),
      );
      expect(await took(account)).toBeLessThan(drainMs + exitMsMax + machine.worstMs);
      // Its main thread is in the end of the process, and no signal can do more.
      await eventually(() => /^(Z|D)/.test(readFileSync(`/proc/${gateway.pid}/stat`, 'utf8').split(') ')[1]!));
      await expect(gateway.admin('/healthz')).rejects.toThrow();
      disk.thaw();
      expect(await took(gateway.exit())).toBeLessThan(2000 + machine.worstMs);
      expect(await gateway.exit()).toBe(inexactExitCode);
    }),
  );
});

/** How many frames of a recording are zeros instead of what was sent. Throws if they have anything else. */
function silencedFrames(recorded: Buffer, sent: Buffer): number {
  expect(recorded.length).toBe(sent.length);
  let silenced = 0;
  for (let at = wavHeader; at < recorded.length; at += frameBytes) {
    const [is, should] = [recorded.subarray(at, at + frameBytes), sent.subarray(at, at + frameBytes)];
    if (is.equals(should)) continue;
    if (is.some((byte, i) => byte !== 0 && byte !== should[i])) throw new Error(`what was never sent, at byte ${at}`);
    silenced++;
  }
  return silenced;
}
