/** A sink's thread dies, its disk is full, its folder disappears: it costs what it costs, counted, and nobody else notices. */
import { existsSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { faultySinks, killSink, sinkFaults } from '../sink/faulty-sink.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { smallDisk, smallDiskBytes } from '../support/small-disk.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const [wavHeader, frameBytes] = [80, 640];

async function start(env: Record<string, string>, ...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.startIn(env, ...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A counter of each sink, in the order of the flags. */
async function counted(gateway: GatewayProcess, name: string): Promise<number[]> {
  const samples = [...(await gateway.metrics())].filter(([sample]) => sample.startsWith(`${name}{`));
  return samples.map(([, value]) => value);
}

/** Recordings that it has open; 0 where that cannot be seen. */
function openRecordings(gateway: GatewayProcess): number {
  const folder = `/proc/${gateway.pid}/fd`;
  return existsSync(folder) ? readdirSync(folder).filter((fd) => isRecording(join(folder, fd))).length : 0;
}

function isRecording(descriptor: string): boolean {
  try {
    return readlinkSync(descriptor).endsWith('.wav');
  } catch {
    return false;
  }
}

function notesBelow(folder: string): Record<string, number>[] {
  return Array.from(filesBelow(folder, '.json').values(), (note) => JSON.parse(note.toString()));
}

function sum(notes: readonly Record<string, number>[], name: string): number {
  return notes.reduce((total, note) => total + note[name]!, 0);
}

function linesOf(gateway: GatewayProcess, msg: string): GatewayProcess['log'] {
  return gateway.log.filter((line) => line.msg === msg);
}

/** Errors that the log tells of: a line stands for itself or for those left out. */
function errorsTold(gateway: GatewayProcess): number {
  return linesOf(gateway, 'sink error').reduce((total, line) => total + ((line['suppressed'] as number) ?? 1), 0);
}

/** How many frames of a recording are zeros, or have some, instead of what was sent. Throws if they have anything else. */
function silencedFrames(recorded: Buffer, sent: Buffer): number {
  let silenced = 0;
  for (let at = wavHeader; at < recorded.length; at += frameBytes) {
    const [is, should] = [recorded.subarray(at, at + frameBytes), sent.subarray(at, at + frameBytes)];
    if (is.equals(should)) continue;
    if (is.some((byte, i) => byte !== 0 && byte !== should[i]))
      throw new Error(`at byte ${at} is something that was never sent there`);
    silenced++;
  }
  return silenced;
}

test.each(sinkFaults)('a sink thread that dies by %s is replaced: every frame is in the same files', async (fault) => {
  const folder = temporaryFolder();
  const [recorded, sent] = [join(folder, 'recorded'), join(folder, 'sent')];
  // Filling its memory may take a thread longer than it may be silent.
  const patience = ['--thread-timeout-ms', '120000'];
  const gateway = await start(faultySinks(folder), '--ring-seconds', '10', ...patience, '--sink', `wav:${recorded}`);
  const impairments = { loss: 0.02, duplicate: 0.02, reorder: 0.02 };
  const options = { url: gateway.url, calls: 5, participants: 2, seed: 41, durationMs: 4000, ...impairments };
  const run = simulateCalls({ ...options, save: sent });
  await sleep(1500);
  await killSink(folder, fault);
  const { ok, expected } = await run;
  await eventually(async () => (await counted(gateway, 'sink_restarts_total'))[0] === 1);
  expect(await counted(gateway, 'sink_errors_total')).toEqual([1]);
  const { last } = await gateway.drain();

  expect(ok).toBe(true);
  expect(last).toMatchObject({ msg: 'drained', unaccounted: 0, dropped: 0 });
  expect(linesOf(gateway, 'sink thread died')).toMatchObject([{ level: 'error', restartMs: 100 }]);
  expect(differences(filesBelow(recorded, '.wav'), filesBelow(sent, '.wav'))).toEqual([]);
  const notes = notesBelow(recorded);
  expect(notes).toHaveLength(10);
  for (const note of notes) expect(note).toMatchObject({ complete: true, lapped: 0, lost: 0 });
  expect(sum(notes, 'frames') + sum(notes, 'duplicate')).toBe(expected.frames);
  expect(sum(notes, 'duplicate')).toBe(expected.duplicateFrames);
  expect(sum(notes, 'late')).toBe(expected.outOfOrderFrames);
});

test(
  'a sink thread that dies again and again beneath 100 calls loses nothing, and the other sink does not notice',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const [first, second, sent] = ['first', 'second', 'sent'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const sinks = ['--sink', `wav:${first}`, '--sink', `wav:${second}`];
    const gateway = await start(faultySinks(folder), '--ring-seconds', '5', ...sinks);
    const run = simulateCalls({ url: gateway.url, calls: 100, seed: 42, durationMs: 9000, save: sent });
    for (let n = 0; n < 4; n++) {
      await sleep(800);
      await killSink(folder, 'exit');
    }
    let isOver = false;
    const report = run.finally(() => {
      isOver = true;
    });
    // While the calls last, which on a busy machine may be over by now.
    if (existsSync('/proc/self/fd')) await eventually(() => isOver || openRecordings(gateway) === 200);
    expect((await report).ok).toBe(true);
    const restarts = await counted(gateway, 'sink_restarts_total');
    expect(restarts.reduce((total, each) => total + each)).toBe(4);
    expect(await counted(gateway, 'sink_errors_total')).toEqual(restarts);
    await eventually(async () => (await gateway.streams()).length === 0);
    expect(openRecordings(gateway)).toBe(0);
    const { last } = await gateway.drain();

    const expected = filesBelow(sent, '.wav');
    await always(() => {
      expect(last).toMatchObject({ msg: 'drained', unaccounted: 0 });
      for (const sink of [first, second])
        for (const [name, recorded] of filesBelow(sink, '.wav')) silencedFrames(recorded, expected.get(name)!);
    });
    // A thread that is not given the time to start, or to read, is lapped.
    expect(last).toMatchObject({ dropped: 0 });
    expect(linesOf(gateway, 'sink thread died')).toHaveLength(4);
    expect(expected.size).toBe(100);
    for (const sink of [first, second]) expect(differences(filesBelow(sink, '.wav'), expected)).toEqual([]);
  }),
);

test(
  'a disk that is full costs the frames of that time, counted; then writing goes on',
  needs('mount'),
  judgingTimes(async () => {
    const [disk, folder] = [smallDisk(), temporaryFolder()];
    const [other, sent, ballast] = [join(folder, 'other'), join(folder, 'sent'), join(disk, 'ballast')];
    // Room for two seconds of four calls.
    writeFileSync(ballast, Buffer.alloc(smallDiskBytes - 4 * 2 * 50 * frameBytes));
    const gateway = await start({}, '--sink', `wav:${join(disk, 'recorded')}`, '--sink', `wav:${other}`);
    const run = simulateCalls({ url: gateway.url, calls: 4, seed: 43, durationMs: 7000, save: sent });
    await eventually(async () => (await counted(gateway, 'sink_errors_total'))[0]! > 3);
    await sleep(1200);
    rmSync(ballast);
    expect((await run).ok).toBe(true);
    await eventually(async () => (await gateway.streams()).length === 0);
    const [errors, ...others] = await counted(gateway, 'sink_errors_total');
    const [lost] = await counted(gateway, 'sink_lost_frames_total');
    expect(others).toEqual([0]);
    expect(await counted(gateway, 'sink_frames_total')).toEqual([4 * 350, 4 * 350]);
    const { last } = await gateway.drain();

    expect(last).toMatchObject({ msg: 'drained', unaccounted: 0 });
    const expected = filesBelow(sent, '.wav');
    expect(differences(filesBelow(other, '.wav'), expected)).toEqual([]);
    const recorded = filesBelow(join(disk, 'recorded'), '.wav');
    expect(recorded.size).toBe(4);
    let silenced = 0;
    for (const [name, file] of recorded) {
      expect(file.length).toBe(expected.get(name)!.length);
      expect(file.subarray(0, wavHeader)).toEqual(expected.get(name)!.subarray(0, wavHeader));
      expect(file.subarray(-100 * frameBytes)).toEqual(expected.get(name)!.subarray(-100 * frameBytes));
      silenced += silencedFrames(file, expected.get(name)!);
    }
    const notes = notesBelow(join(disk, 'recorded'));
    expect(sum(notes, 'lost')).toBe(lost);
    expect(sum(notes, 'frames') + lost!).toBe(4 * 350);
    // The last frames that found room belong to a group that did not as a whole.
    expect(silenced).toBeGreaterThan(4 * 25);
    expect(silenced).toBeLessThanOrEqual(lost!);
    expect(linesOf(gateway, 'sink error').length).toBeLessThan(6);
    expect(errorsTold(gateway)).toBe(errors);
  }),
);

test('a folder that is deleted is made anew: what was in it is silence, what follows is recorded', async () => {
  const folder = temporaryFolder();
  const [recordings, sent] = [join(folder, 'recorded'), join(folder, 'sent')];
  const gateway = await start({}, '--sink', `wav:${recordings}`);
  const run = simulateCalls({ url: gateway.url, calls: 3, participants: 2, seed: 44, durationMs: 5000, save: sent });
  await sleep(2000);
  rmSync(recordings, { recursive: true });
  expect((await run).ok).toBe(true);
  await eventually(async () => (await gateway.streams()).length === 0);
  const [lost] = await counted(gateway, 'sink_lost_frames_total');
  expect(await counted(gateway, 'sink_errors_total')).toEqual([6]);
  const { last } = await gateway.drain();

  expect(last).toMatchObject({ msg: 'drained', unaccounted: 0 });
  const [recorded, expected] = [filesBelow(recordings, '.wav'), filesBelow(sent, '.wav')];
  expect([...recorded.keys()]).toEqual([...expected.keys()]);
  let silenced = 0;
  for (const [name, file] of recorded) {
    expect(file.length).toBe(expected.get(name)!.length);
    expect(file.subarray(-100 * frameBytes)).toEqual(expected.get(name)!.subarray(-100 * frameBytes));
    silenced += silencedFrames(file, expected.get(name)!);
  }
  expect(silenced).toBe(lost);
  const notes = notesBelow(recordings);
  for (const note of notes) expect(note).toMatchObject({ complete: true, lapped: 0 });
  expect([sum(notes, 'lost'), sum(notes, 'frames')]).toEqual([lost, 6 * 250 - lost!]);
  expect(errorsTold(gateway)).toBe(6);
});

test(
  'files that cannot be made are tried again until they can',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const [recordings, away, sent] = [join(folder, 'recorded'), join(folder, 'away'), join(folder, 'sent')];
    const gateway = await start({}, '--sink', `wav:${recordings}`);
    renameSync(recordings, away);
    writeFileSync(recordings, 'in the way');
    const run = simulateCalls({ url: gateway.url, calls: 3, seed: 45, durationMs: 5000, save: sent });
    await eventually(async () => (await counted(gateway, 'sink_errors_total'))[0]! >= 6);
    rmSync(recordings);
    expect((await run).ok).toBe(true);
    await eventually(async () => (await gateway.streams()).length === 0);
    const [lost] = await counted(gateway, 'sink_lost_frames_total');
    await gateway.drain();

    const [recorded, expected] = [filesBelow(recordings, '.wav'), filesBelow(sent, '.wav')];
    expect([...recorded.keys()]).toEqual([...expected.keys()]);
    let silenced = 0;
    for (const [name, file] of recorded) {
      expect(file.length).toBe(expected.get(name)!.length);
      silenced += silencedFrames(file, expected.get(name)!);
    }
    expect(lost).toBeGreaterThan(0);
    expect(silenced).toBe(lost);
    expect(existsSync(away)).toBe(true);
    const lines = linesOf(gateway, 'sink error');
    expect(lines[0]).toMatchObject({ error: 'ENOTDIR: mkdir' });
    for (const { error } of lines) expect(error).not.toContain(folder);
  }),
);
