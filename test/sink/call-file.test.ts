/** The file of a call as the sink makes it: beside the participants' files, whole or not at all, and without a hurry. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeWav } from '../../src/base/wav.ts';
import { Frame } from '../../src/ring/frame.ts';
import { FileSink } from '../../src/sink/files/file-sink.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import type { FinishedStream, RecordingFile } from '../../src/sink/sink.ts';
import { temporaryFolder } from '../support/folders.ts';
import { needs } from '../support/needs.ts';
import { smallDisk, smallDiskBytes } from '../support/small-disk.ts';
import { trackOf } from './sink-rig.ts';

const frameSamples = 320;

class CallRig {
  readonly folder: string;
  readonly sink: FileSink;
  readonly recorded: RecordingFile[] = [];
  readonly ofStream = new Float64Array(1);

  constructor(root = temporaryFolder(), call: 'stereo' | 'multichannel' = 'multichannel') {
    this.folder = join(root, 'call');
    this.sink = new FileSink({ kind: 'wav', gaps: 'fill', name: 'x', folder: root, call });
    this.sink.start({
      isRestart: false,
      report: () => {},
      recorded: (file) => this.recorded.push(file),
      removed: () => {},
      measured: () => {},
      spoken: () => {},
    });
  }

  /** A participant whose every sample is `value`, and who joins so late. */
  record(id: string, value: number, atMs: number, frames: number, positions = (n: number) => n): void {
    const writer = this.sink.open(trackOf(id), new Checkpoint(new Progress(), this.ofStream));
    const frame = new Frame();
    frame.samples.fill(value);
    for (let n = 0; n < frames; n++) {
      const positionSamples = positions(n) * frameSamples;
      const sinceMs = atMs + 20 * positions(n);
      Object.assign(frame, { pcmBytes: 640, timestampMs: 1e12 + sinceMs, arrivalMs: sinceMs, positionSamples });
      writer.write(frame);
      if (n % 100 === 0) writer.flush();
    }
    writer.end({ framesRead: frames, framesLapped: 0 });
  }

  get stream(): FinishedStream {
    return { streamId: 's', callConnectionId: 'call', correlationId: null, checkpoint: this.ofStream };
  }
  end(): Promise<void> {
    return Promise.resolve(this.sink.streamEnded('s', this.stream));
  }
  get call() {
    return decodeWav(readFileSync(join(this.folder, 'call.wav')));
  }
  get names(): string[] {
    return readdirSync(this.folder).sort();
  }
}

test('stereo adds up all but the first, and clips what is too loud', async () => {
  const rig = new CallRig(undefined, 'stereo');
  rig.record('a', 100, 0, 2);
  rig.record('b', 20_000, 20, 2);
  rig.record('c', 20_000, 40, 1);
  rig.record('d', -30_000, 40, 1);
  await rig.end();
  const { samples, channels } = rig.call;
  const at = (frame: number) => [...samples.subarray(frame * frameSamples * 2, frame * frameSamples * 2 + 2)];
  expect([channels, at(0), at(1), at(2)]).toEqual([2, [100, 0], [100, 20_000], [0, 10_000]]);
  expect(rig.names).toEqual([
    'a.json',
    'a.wav',
    'b.json',
    'b.wav',
    'c.json',
    'c.wav',
    'call.json',
    'call.wav',
    'd.json',
    'd.wav',
  ]);
});

test('every file is reported when it is finished, with what is in it', async () => {
  const rig = new CallRig();
  rig.record('a', 1, 0, 50);
  rig.record('b', 2, 500, 50);
  await rig.end();
  const path = (name: string) => join(rig.folder, name);
  const common = {
    streamId: 's',
    callConnectionId: 'call',
    correlationId: null,
    sampleRate: 16_000,
    missing: 0,
    lapped: 0,
    lost: 0,
  };
  expect(rig.recorded).toEqual([
    {
      ...common,
      kind: 'participant',
      path: path('a.wav'),
      participantId: 'a',
      channels: 1,
      durationMs: 1000,
      frames: 50,
    },
    {
      ...common,
      kind: 'participant',
      path: path('b.wav'),
      participantId: 'b',
      channels: 1,
      durationMs: 1000,
      frames: 50,
    },
    {
      ...common,
      kind: 'call',
      path: path('call.wav'),
      participantId: null,
      channels: 2,
      durationMs: 1500,
      frames: 100,
    },
  ]);
});

test('a participant named call does not get the name of the call', async () => {
  const rig = new CallRig();
  rig.record('call', 1, 0, 1);
  await rig.end();
  expect(rig.names).toEqual(['call-b3f184a9.json', 'call-b3f184a9.wav', 'call.json', 'call.wav']);
});

test('a pause in which nobody speaks is a hole of its length', async () => {
  const rig = new CallRig();
  rig.record('a', 5, 0, 1);
  rig.record('b', 7, 3_600_000, 1);
  await rig.end();
  const { samples } = rig.call;
  expect(samples.length / 2 / 16_000).toBe(3600.02);
  expect([samples[0], samples.at(-1), samples.filter((value) => value !== 0).length]).toEqual([5, 7, 640]);
});

test('made again, by a thread that takes over, nothing changes; a note that is missing is written', async () => {
  const rig = new CallRig();
  rig.record('a', 1, 0, 10);
  await rig.end();
  const [wav, note] = ['call.wav', 'call.json'].map((name) => readFileSync(join(rig.folder, name)));
  rmSync(join(rig.folder, 'call.json'));
  await rig.end();
  expect(readFileSync(join(rig.folder, 'call.wav')).equals(wav!)).toBe(true);
  expect(readFileSync(join(rig.folder, 'call.json')).equals(note!)).toBe(true);
});

test('what a process that was killed has left is removed, what another one is making is not', async () => {
  const rig = new CallRig();
  rig.record('a', 1, 0, 10);
  writeFileSync(join(rig.folder, 'call.wav.4194303.part'), 'half');
  writeFileSync(join(rig.folder, `call.wav.${process.ppid}.part`), 'at work');
  await rig.end();
  expect(rig.names).toEqual(['a.json', 'a.wav', 'call.json', 'call.wav', `call.wav.${process.ppid}.part`]);
});

test(
  'a disk that is full costs the file of the call and leaves nothing half-made; the participants have theirs',
  needs('mount'),
  async () => {
    const rig = new CallRig(smallDisk());
    const frames = Math.floor((0.4 * smallDiskBytes) / 640);
    rig.record('a', 1, 0, frames);
    rig.record('b', 2, 0, frames);
    const before = rig.names;
    await expect(rig.end()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(rig.names).toEqual(before);
    expect(decodeWav(readFileSync(join(rig.folder, 'b.wav'))).samples).toHaveLength(frames * frameSamples);
    // With room it is made.
    renameSync(join(rig.folder, 'a.wav'), join(rig.folder, 'b.wav'));
    rmSync(join(rig.folder, 'a.json'));
    await rig.end();
    expect(rig.call.channels).toBe(1);
  },
);

test('a folder that is gone is an error, and the next call is made', async () => {
  const rig = new CallRig();
  rig.record('a', 1, 0, 1);
  rmSync(rig.folder, { recursive: true });
  await expect(rig.end()).rejects.toMatchObject({ code: 'ENOENT' });
  rig.ofStream[0] = 0;
  rig.record('a', 1, 0, 1);
  await rig.end();
  expect(existsSync(join(rig.folder, 'call.wav'))).toBe(true);
});

test('a sink that must close gives up what it cannot finish, and leaves nothing half-made', async () => {
  const rig = new CallRig();
  // 3 hours of a call, most of it silence that must be read all the same.
  rig.record('a', 1, 0, 2, (n) => n * 540_000);
  const ended = rig.end();
  const outcome = expect(ended).rejects.toThrow('recording merge');
  await rig.sink.close(260);
  await outcome;
  expect(rig.names).toEqual(['a.json', 'a.wav']);
});
