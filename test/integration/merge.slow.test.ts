/** The file of a long call, made by the command: killed in the middle, and in bounded memory; and two gateways in one folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encodeWavHeader, wavHeaderBytes } from '../../src/base/wav.ts';
import { Frame } from '../../src/ring/frame.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { FileSink } from '../../src/sink/files/file-sink.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import { trackOf } from '../sink/sink-rig.ts';
import { temporaryFolder } from '../support/folders.ts';
import { entry, eventually, GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';

const hourFrames = 180_000;

/** A call of which each participant has such frames, silence between them, and no file before the first; sparse. Its folder. */
function sparseCall(participants: number, framesOf: (participant: number) => readonly number[]): string {
  const folder = temporaryFolder();
  const sink = new FileSink({ kind: 'wav', gaps: 'fill', name: 'x', folder });
  const ofStream = new Float64Array(1);
  const frame = new Frame();
  for (let p = 0; p < participants; p++) {
    const writer = sink.open(trackOf(`p${p}`), new Checkpoint(new Progress(), ofStream));
    frame.pcm.fill(p + 1);
    const frames = framesOf(p);
    for (const n of frames) {
      const sinceMs = p + 20 * n;
      Object.assign(frame, {
        pcmBytes: 640,
        timestampMs: 1e12 + sinceMs,
        arrivalMs: sinceMs,
        positionSamples: 320 * (n - frames[0]!),
      });
      writer.write(frame);
      writer.flush();
    }
    writer.end({ framesRead: frames.length, framesLapped: 0 });
  }
  return join(folder, 'call');
}

/** Everybody said something at the beginning and at the end. */
const longCall = (participants: number, frames: number) => sparseCall(participants, () => [0, frames - 1]);

function startMerge(folder: string): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'recording', 'merge', folder]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

const filesOf = (folder: string) =>
  readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size, statSync(join(folder, name)).mtimeMs]);

test('kill -9 in the middle leaves the participants untouched and no call.wav; made again, it is whole and nothing else is left', async () => {
  const folder = longCall(4, hourFrames);
  const before = filesOf(folder);
  const child = startMerge(folder);
  const part = join(folder, `call.wav.${child.pid}.part`);
  await eventually(() => existsSync(part) && statSync(part).size > 80);
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(existsSync(join(folder, 'call.wav'))).toBe(false);
  expect(filesOf(folder).filter(([name]) => !String(name).endsWith('.part'))).toEqual(before);
  expect((await runCommand(['recording', 'merge', folder])).code).toBe(0);
  expect(filesOf(folder).filter(([name]) => !/^call\.(wav|json)$/.test(String(name)))).toEqual(before);
  const note = JSON.parse(readFileSync(join(folder, 'call.json'), 'utf8'));
  expect(note).toMatchObject({ complete: true, samples: hourFrames * 320 + 48 });
});

test(
  'an hour of 16 participants, 1.7 GiB, is made one file within 32 MiB more than a call of a second takes',
  needs('linux'),
  async () => {
    const mostKib = async (folder: string) => {
      const child = startMerge(folder);
      let kib = 0;
      const timer = setInterval(() => {
        if (!existsSync(`/proc/${child.pid}/status`)) return;
        kib = Math.max(kib, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
      }, 20);
      const [code] = await once(child, 'close');
      clearInterval(timer);
      expect(code).toBe(0);
      return kib;
    };
    const short = await mostKib(longCall(16, 50));
    const long = longCall(16, hourFrames);
    const kib = await mostKib(long);
    console.info(`${Math.round(kib / 1024)} MiB, of a call of a second ${Math.round(short / 1024)} MiB`);
    expect(kib - short).toBeLessThan(32 * 1024);
    expect(statSync(join(long, 'call.wav')).size).toBe(80 + 16 * 2 * (hourFrames * 320 + 15 * 16));
    expect(readFileSync(join(long, 'call.json'), 'utf8')).toContain('"p15"');
  },
);

test('a call file beyond 4 GiB is an RF64, and the last frame is where it belongs', async () => {
  const lastFrame = 3 * hourFrames;
  const folder = sparseCall(16, (p) => (p === 0 ? [0] : [lastFrame]));
  expect((await runCommand(['recording', 'merge', folder])).code).toBe(0);
  const bytes = 16 * 2 * ((lastFrame + 1) * 320 + 15 * 16);
  const file = openSync(join(folder, 'call.wav'), 'r');
  onTestFinished(() => closeSync(file));
  const [head, tail] = [Buffer.alloc(wavHeaderBytes), Buffer.alloc(16 * 2)];
  readSync(file, head, 0, head.length, 0);
  readSync(file, tail, 0, tail.length, wavHeaderBytes + bytes - tail.length);
  expect(bytes).toBeGreaterThan(2 ** 32);
  expect(statSync(join(folder, 'call.wav')).size).toBe(wavHeaderBytes + bytes);
  expect(head.equals(encodeWavHeader(16_000, bytes, 16))).toBe(true);
  // The last one began 15 ms after the first: he alone is heard in the last sample.
  expect(tail.equals(Buffer.concat([Buffer.alloc(15 * 2), Buffer.alloc(2, 16)]))).toBe(true);
});

test('two gateways with one folder have a folder for each of their calls, with a whole file in each', async () => {
  const folder = temporaryFolder();
  const sink = ['--sink', `wav:${folder}?call=multichannel`];
  const gateways = await Promise.all([GatewayProcess.start(...sink), GatewayProcess.start(...sink)]);
  for (const gateway of gateways) onTestFinished(() => gateway.kill());
  const call = { calls: 5, participants: 2, durationMs: 1500, seed: 3 };
  await Promise.all(gateways.map(({ url }) => simulateCalls({ url, ...call })));
  for (const gateway of gateways) expect((await gateway.drain()).code).toBe(0);
  const folders = readdirSync(folder);
  expect(folders).toHaveLength(10);
  for (const name of folders) {
    const names = readdirSync(join(folder, name));
    expect(names, name).toHaveLength(6);
    expect(names, name).toEqual(expect.arrayContaining(['call.json', 'call.wav']));
    expect(JSON.parse(readFileSync(join(folder, name, 'call.json'), 'utf8')), name).toMatchObject({ complete: true });
  }
});
