/** Files of participants, made by one thread and gone on with by another, on a file system that takes little at a time or nothing. */
import type fs from 'node:fs';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeWav } from '../../src/base/wav.ts';
import { frameFlag } from '../../src/memory/states.ts';
import { Frame } from '../../src/ring/frame.ts';
import { FileSink } from '../../src/sink/files/file-sink.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import type { TrackWriter } from '../../src/sink/sink.ts';
import { temporaryFolder } from '../support/folders.ts';
import { trackOf } from './sink-rig.ts';

/** What the file system does with a write: takes so many bytes at most, or fails. */
const disk = vi.hoisted(() => ({ bytesMax: Number.POSITIVE_INFINITY, error: '', links: true }));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const fail = (code: string, syscall: string) => Object.assign(new Error(`${code} /secret`), { code, syscall });
  const writeSync = (file: number, bytes: Uint8Array, from: number, length: number, position: number) => {
    if (disk.error !== '') throw fail(disk.error, 'write');
    return real.writeSync(file, bytes, from, Math.min(length, disk.bytesMax), position);
  };
  const linkSync = (from: string, to: string) => {
    if (!disk.links) throw fail('EPERM', 'link');
    real.linkSync(from, to);
  };
  const writeFileSync = (path: string, text: string) => {
    real.writeFileSync(path, disk.error === '' ? text : text.slice(0, 10));
    if (disk.error !== '') throw fail(disk.error, 'write');
  };
  return { ...real, writeSync, linkSync, writeFileSync };
});

afterEach(() => Object.assign(disk, { bytesMax: Number.POSITIVE_INFINITY, error: '', links: true }));

const bytes = 640;
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** Frame n of a participant who began at a round time; each of its bytes is n + 1. */
function frameOf(n: number, flags = 0): Frame {
  const frame = new Frame();
  Object.assign(frame, {
    sequence: n,
    pcmBytes: bytes,
    flags,
    timestampMs: 1e12 + 20 * n,
    positionSamples: (n * bytes) / 2,
  });
  frame.pcm.fill(n + 1);
  return frame;
}

/** A sink and one track of it, in a thread that can die. */
class TrackRig {
  readonly sink;
  readonly progress = new Progress();
  readonly ofStream = new Float64Array(1);
  checkpoint!: Checkpoint;
  writer!: TrackWriter;
  read = 0;

  constructor(options: { kind?: 'wav' | 'pcm'; gaps?: 'fill' | 'skip' } = {}) {
    this.sink = new FileSink({ kind: 'wav', gaps: 'fill', name: 'x', folder: join(folder, 'recorded'), ...options });
    this.sink.start({
      isRestart: false,
      report: () => {},
      recorded: () => {},
      removed: () => {},
      measured: () => {},
      spoken: () => {},
    });
    this.takeOver();
  }

  /** A thread begins with what was committed. */
  takeOver(): void {
    this.checkpoint = new Checkpoint(this.progress, this.ofStream);
    this.read = this.checkpoint.next;
    this.open();
    this.checkpoint.commit(this.read, 0);
  }

  open(): void {
    this.writer = this.sink.open(trackOf('a'), this.checkpoint);
  }

  write(...frames: number[]): void {
    for (const n of frames) this.writer.write(frameOf(n));
  }

  /** As the loop does after a reading. */
  flush(): void {
    this.read += 1;
    try {
      this.writer.flush();
    } finally {
      this.checkpoint.commit(this.read, 0);
    }
  }

  end(): void {
    this.writer.end({ framesRead: 0, framesLapped: 0 });
    this.checkpoint.commit(this.read, 0);
  }

  get wav(): Buffer {
    return readFileSync(join(folder, 'recorded/call/a.wav'));
  }
  get note(): Record<string, unknown> {
    return JSON.parse(readFileSync(join(folder, 'recorded/call/a.json'), 'utf8'));
  }
}

/** The frames of a file: n for frame n, -1 for silence. Throws if its header does not say what is there. */
function framesIn(wav: Buffer): number[] {
  expect(wav.readUInt32LE(76)).toBe(wav.length - 80);
  const { samples } = decodeWav(wav);
  const frames: number[] = [];
  for (let at = 0; at < samples.length; at += bytes / 2) {
    const values = new Set(samples.subarray(at, at + bytes / 2));
    expect(values.size).toBe(1);
    frames.push(([...values][0]! & 0xff) - 1);
  }
  return frames;
}

describe.each(['fill', 'skip'] as const)('a file that another thread goes on with (gaps=%s)', (gaps) => {
  it('is the same file, with the frames that were noted and those that follow, each once', () => {
    const rig = new TrackRig({ gaps });
    rig.write(0, 1, 2);
    rig.flush();
    // Written, and partly flushed, but not noted: read again.
    rig.write(3, 4);
    rig.writer.flush();
    rig.write(5);
    rig.takeOver();
    rig.write(3, 4, 5, 6);
    rig.flush();
    rig.end();
    expect(framesIn(rig.wav)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(rig.note).toMatchObject({
      complete: true,
      frames: 7,
      lost: 0,
      firstTimestamp: new Date(1e12).toISOString(),
    });
    expect(readdirSync(join(folder, 'recorded'))).toEqual(['call']);
    expect(readdirSync(join(folder, 'recorded/call'))).toEqual(['a.json', 'a.wav']);
  });

  it('has a header for what is there, also when nothing follows and what was not noted cannot be read again', () => {
    const rig = new TrackRig({ gaps });
    rig.write(0, 1);
    rig.flush();
    rig.write(2, 3);
    rig.writer.flush();
    rig.takeOver();
    rig.end();
    expect(framesIn(rig.wav)).toEqual(gaps === 'fill' ? [0, 1, 2, 3] : [0, 1]);
    expect(rig.note).toMatchObject({ frames: 2 });
  });

  it('that was deleted begins anew, and what was in it is lost', () => {
    const rig = new TrackRig({ gaps });
    rig.write(0, 1, 2);
    rig.flush();
    rmSync(join(folder, 'recorded'), { recursive: true });
    rig.takeOver();
    rig.write(3, 4);
    rig.flush();
    rig.end();
    expect(framesIn(rig.wav)).toEqual(gaps === 'fill' ? [-1, -1, -1, 3, 4] : [3, 4]);
    const firstTimestamp = new Date(gaps === 'fill' ? 1e12 : 1e12 + 60).toISOString();
    expect(rig.note).toMatchObject({ complete: true, frames: 2, lost: 3, firstTimestamp });
  });
});

it('a file that was deleted while it was written to is given up, and made again when it is opened', () => {
  const rig = new TrackRig();
  rig.write(0);
  rig.flush();
  rmSync(join(folder, 'recorded/call/a.wav'));
  rig.write(1);
  expect(() => rig.flush()).toThrow('a recording was deleted');
  expect(rig.writer.isOpen).toBe(false);
  rig.open();
  rig.write(2);
  rig.flush();
  expect(framesIn(rig.wav)).toEqual([-1, -1, 2]);
  expect(rig.checkpoint.framesLost).toBe(2);
});

it('a file system that takes a hundred bytes at a time gets everything', () => {
  disk.bytesMax = 100;
  const rig = new TrackRig();
  rig.write(0, 1, 2, 3);
  rig.flush();
  rig.end();
  expect(framesIn(rig.wav)).toEqual([0, 1, 2, 3]);
  expect(rig.note).toMatchObject({ frames: 4, lost: 0 });
});

it('a file system that takes nothing and says nothing is an error, not an endless loop', () => {
  const rig = new TrackRig();
  disk.bytesMax = 0;
  rig.write(0);
  expect(() => rig.flush()).toThrow('nothing was written');
});

describe('a disk that is full', () => {
  it('costs the frames of that time; the file stays open, its header says what is there, and later frames find their place', () => {
    const rig = new TrackRig();
    rig.write(0, 1);
    rig.flush();
    disk.error = 'ENOSPC';
    rig.write(2, 3, 4);
    expect(() => rig.flush()).toThrow('ENOSPC');
    expect(rig.writer.isOpen).toBe(true);
    expect(framesIn(rig.wav)).toEqual([0, 1]);
    disk.error = '';
    rig.write(5);
    rig.flush();
    rig.end();
    expect(framesIn(rig.wav)).toEqual([0, 1, -1, -1, -1, 5]);
    expect(rig.note).toMatchObject({ complete: true, frames: 3, lost: 3 });
  });

  it('with gaps=skip leaves them out', () => {
    const rig = new TrackRig({ gaps: 'skip' });
    rig.write(0, 1);
    rig.flush();
    disk.error = 'ENOSPC';
    rig.write(2, 3, 4);
    expect(() => rig.flush()).toThrow('ENOSPC');
    disk.error = '';
    rig.write(5);
    rig.end();
    expect(framesIn(rig.wav)).toEqual([0, 1, 5]);
    expect(rig.note).toMatchObject({ frames: 3, lost: 3 });
  });

  it('leaves no file without a header, nor half a note in the place of a whole one', () => {
    const rig = new TrackRig();
    rig.write(0);
    rig.flush();
    const note = rig.note;
    disk.error = 'ENOSPC';
    const other = new Checkpoint(new Progress(), rig.ofStream);
    expect(() => rig.sink.open(trackOf('b'), other)).toThrow('ENOSPC');
    expect(readdirSync(join(folder, 'recorded/call'))).toEqual(['a.json', 'a.wav']);
    expect(() => rig.end()).toThrow('ENOSPC');
    expect(rig.note).toEqual(note);
    expect(note).toMatchObject({ complete: false });
  });
});

it('a file that fails in another way is opened again', () => {
  const rig = new TrackRig();
  rig.write(0);
  rig.flush();
  disk.error = 'EIO';
  rig.write(1);
  expect(() => rig.flush()).toThrow('EIO');
  expect(rig.writer.isOpen).toBe(false);
  disk.error = '';
  rig.open();
  rig.write(2);
  rig.end();
  expect(framesIn(rig.wav)).toEqual([0, -1, 2]);
  expect(rig.note).toMatchObject({ frames: 2, lost: 1 });
});

it('a track that could only be opened late has silence before its first frame, and says when it begins', () => {
  const rig = new TrackRig();
  rig.write(3, 4);
  rig.end();
  expect(framesIn(rig.wav)).toEqual([-1, -1, -1, 3, 4]);
  expect(rig.note).toMatchObject({ firstTimestamp: new Date(1e12).toISOString() });
});

it.each([true, false])(
  'nothing is overwritten: a name that is taken gets a number (second names for a file: %s)',
  (links) => {
    disk.links = links;
    mkdirSync(join(folder, 'recorded/call'), { recursive: true });
    writeFileSync(join(folder, 'recorded/call/a.wav'), 'mine');
    const ofStream = Float64Array.of(1);
    const sink = new FileSink({ kind: 'wav', gaps: 'fill', name: 'x', folder: join(folder, 'recorded') });
    const writer = sink.open(trackOf('a'), new Checkpoint(new Progress(), ofStream));
    writer.write(frameOf(0));
    writer.end({ framesRead: 1, framesLapped: 0 });
    expect(readFileSync(join(folder, 'recorded/call/a.wav'), 'utf8')).toBe('mine');
    expect(framesIn(readFileSync(join(folder, 'recorded/call/a-2.wav')))).toEqual([0]);
    // Another stream of the same call has a folder of its own.
    sink
      .open(trackOf('a'), new Checkpoint(new Progress(), new Float64Array(1)))
      .end({ framesRead: 0, framesLapped: 0 });
    expect(existsSync(join(folder, 'recorded/call-2/a.wav'))).toBe(true);
    expect(readdirSync(join(folder, 'recorded/call'))).toEqual(['a-2.json', 'a-2.wav', 'a.wav']);
  },
);

it('a late frame, a duplicate and one from before the beginning count as what they are, also for the thread that takes over', () => {
  const rig = new TrackRig();
  rig.write(0, 2);
  rig.writer.write(frameOf(1, frameFlag.late));
  rig.writer.write(frameOf(1, frameFlag.duplicate));
  rig.writer.write(frameOf(-2, frameFlag.late));
  rig.flush();
  rig.takeOver();
  rig.write(3);
  rig.end();
  expect(framesIn(rig.wav)).toEqual([0, 1, 2, 3]);
  expect(rig.note).toMatchObject({ frames: 4, late: 2, duplicate: 1, unplaced: 1 });
});
