/** Recordings beyond 4 GiB, sparse: what other people's readers make of them, and of the chunk that keeps the place for it. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeWavHeader, wavHeaderBytes } from '../../src/base/wav.ts';
import { Frame } from '../../src/ring/frame.ts';
import { FileSink } from '../../src/sink/files/file-sink.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import { temporaryFolder } from '../support/folders.ts';
import { needs } from '../support/needs.ts';
import { trackOf } from './sink-rig.ts';

const frameBytes = 640;

/** A participant whose last frame belongs so far behind the first; its file. */
function recordingOf(dataBytes: number): string {
  const folder = temporaryFolder();
  const sink = new FileSink({ kind: 'wav', gaps: 'fill', name: 'x', folder });
  const writer = sink.open(trackOf('a'), new Checkpoint(new Progress(), new Float64Array(1)));
  const frame = new Frame();
  for (const at of [0, dataBytes - frameBytes]) {
    Object.assign(frame, { pcmBytes: frameBytes, timestampMs: 1e12, positionSamples: at / 2 });
    frame.pcm.fill(at === 0 ? 1 : 2);
    writer.write(frame);
    writer.flush();
  }
  writer.end({ framesRead: 2, framesLapped: 0 });
  return join(folder, 'call', 'a.wav');
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim();
}

const readWithPython = `
import sys, wave
file = wave.open(sys.argv[1])
frames = file.getnframes()
file.setpos(frames - 2)
print(file.getnchannels(), file.getsampwidth(), frames, file.readframes(2).hex())
`;

const samplesOf = {
  soxi: (file: string) => Number(run('soxi', '-s', file)),
  ffprobe: (file: string) =>
    Number(run('ffprobe', '-v', 'error', '-show_entries', 'stream=duration_ts', '-of', 'csv=p=0', file)),
};

const gib = 2 ** 30;
/** The longest whole frame that a header of 32 bits can announce. */
const longestRiff = Math.floor((2 ** 32 - 2 - (wavHeaderBytes - 8)) / frameBytes) * frameBytes;

test.each([
  ['10 s', 500 * frameBytes, 'RIFF'],
  ['3 GiB, beyond a signed size', Math.floor((3 * gib) / frameBytes) * frameBytes, 'RIFF'],
  ['the longest WAV file', longestRiff, 'RIFF'],
  ['a frame more', longestRiff + frameBytes, 'RF64'],
  ['5 GiB', 5 * gib, 'RF64'],
] as const)(
  'a recording of %s is read by ffprobe and, if it is no RF64, soxi and Python',
  needs('soxi', 'ffprobe', 'python3'),
  (_name, bytes, kind) => {
    const file = recordingOf(bytes);
    const head = Buffer.alloc(wavHeaderBytes);
    const descriptor = openSync(file, 'r');
    readSync(descriptor, head, 0, head.length, 0);
    closeSync(descriptor);
    expect(statSync(file).size).toBe(wavHeaderBytes + bytes);
    expect(head.equals(encodeWavHeader(16_000, bytes))).toBe(true);
    expect(head.toString('latin1', 0, 4)).toBe(kind);
    expect(samplesOf.ffprobe(file)).toBe(bytes / 2);
    if (kind === 'RF64') return;
    expect(samplesOf.soxi(file)).toBe(bytes / 2);
    expect(run('python3', '-c', readWithPython, file)).toBe(`1 2 ${bytes / 2} 02020202`);
  },
);

/** It reads every byte of an RF64 to say how long it is: two minutes of 5 GiB. So it gets the same header with small sizes in it. */
test('soxi reads the sizes of an RF64 where they stand', needs('soxi'), () => {
  const bytes = 500 * frameBytes;
  const [large, small] = [5 * gib, bytes].map((size) => Buffer.from(encodeWavHeader(16_000, size))) as [Buffer, Buffer];
  const ds64 = large.indexOf('ds64') + 8;
  expect(large.readBigUInt64LE(ds64 + 8)).toBe(BigInt(5 * gib));
  large.writeBigUInt64LE(BigInt(small.readUInt32LE(4)), ds64);
  large.writeBigUInt64LE(BigInt(bytes), ds64 + 8);
  large.writeBigUInt64LE(BigInt(bytes / 2), ds64 + 16);
  const file = join(temporaryFolder(), 'small.wav');
  writeFileSync(file, Buffer.concat([large, Buffer.alloc(bytes)]));
  expect([large.toString('latin1', 0, 4), samplesOf.soxi(file)]).toEqual(['RF64', bytes / 2]);
});

test('ffmpeg finds the last frame of a recording of 5 GiB', needs('ffprobe'), () => {
  const file = recordingOf(5 * gib);
  const seconds = (5 * gib) / 2 / 16_000;
  const pcm = execFileSync('ffmpeg', ['-v', 'error', '-ss', String(seconds - 0.02), '-i', file, '-f', 's16le', '-'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(pcm.equals(Buffer.alloc(frameBytes, 2))).toBe(true);
});

test('a thread that takes over a recording beyond 4 GiB continues with it', () => {
  const folder = temporaryFolder();
  const sink = new FileSink({ kind: 'wav', gaps: 'fill', name: 'x', folder });
  const progress = new Progress();
  const ofStream = new Float64Array(1);
  const frame = new Frame();
  const write = (at: number) => {
    const checkpoint = new Checkpoint(progress, ofStream);
    const writer = sink.open(trackOf('a'), checkpoint);
    Object.assign(frame, { pcmBytes: frameBytes, timestampMs: 1e12, positionSamples: at / 2 });
    writer.write(frame);
    writer.flush();
    checkpoint.commit(1, 0);
  };
  write(5 * gib);
  write(5 * gib + frameBytes);
  const file = join(folder, 'call', 'a.wav');
  const head = Buffer.alloc(wavHeaderBytes);
  const descriptor = openSync(file, 'r+');
  readSync(descriptor, head, 0, head.length, 0);
  expect(head.equals(encodeWavHeader(16_000, 5 * gib + 2 * frameBytes))).toBe(true);
  ftruncateSync(descriptor, 0);
  closeSync(descriptor);
});
