/** What a file sink deletes: whole finished calls, the oldest first, and nothing else, whoever else works in the folder. */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { parseSink } from '../../src/config/sink-spec.ts';
import { type RemovedCall, Retention } from '../../src/sink/files/retention.ts';
import { temporaryFolder } from '../support/folders.ts';

const minuteMs = 60_000;
const callBytes = 100_000;
const nowMs = Date.now();
let folder: string;
let removed: RemovedCall[];
beforeEach(() => {
  folder = temporaryFolder();
  removed = [];
});

/** A call whose last sample was written so long ago. */
function callOf(name: string, minutesAgo: number, files = ['a.json', 'a.wav', 'call.wav']): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const file of files) {
    writeFileSync(join(path, file), file.endsWith('wav') ? Buffer.alloc(callBytes / 2, 1) : '{}');
    const seconds = (nowMs - minutesAgo * minuteMs) / 1000;
    utimesSync(join(path, file), seconds, seconds);
  }
  return path;
}

function retention(limits: { keepMs?: number; bytesMax?: number; open?: string[] }): Retention {
  return new Retention({
    folder,
    keepMs: limits.keepMs ?? null,
    bytesMax: limits.bytesMax ?? null,
    isOpen: (path) => limits.open?.includes(path) ?? false,
    onRemoved: (call) => removed.push(call),
    onError: (error) => {
      throw error;
    },
  });
}

const names = () => readdirSync(folder).sort();

test('what is older than keep is deleted and reported', async () => {
  callOf('old', 61);
  callOf('young', 59);
  await retention({ keepMs: 60 * minuteMs }).sweep(nowMs);
  expect(names()).toEqual(['young']);
  expect(removed).toEqual([{ folder: join(folder, 'old'), reason: 'keep', bytes: expect.any(Number) }]);
  expect(removed[0]!.bytes).toBeGreaterThanOrEqual(callBytes);
});

test('the oldest go until the rest fits, no more of them', async () => {
  for (const [index, name] of ['d', 'c', 'b', 'a'].entries()) callOf(name, 20 + index);
  await retention({ bytesMax: 2.5 * callBytes }).sweep(nowMs);
  expect(names()).toEqual(['c', 'd']);
  expect(removed.map(({ folder: path, reason }) => [path, reason])).toEqual([
    [join(folder, 'a'), 'max_gb'],
    [join(folder, 'b'), 'max_gb'],
  ]);
});

test('a call that is being written stays, however old it is and however little room there is', async () => {
  const longCall = callOf('long', 600);
  // Another process touches its note once a minute.
  utimesSync(join(longCall, 'a.json'), nowMs / 1000, nowMs / 1000 - 90);
  const ours = callOf('ours', 600);
  callOf('just-ended', 4);
  await retention({ keepMs: 10 * minuteMs, bytesMax: 1, open: [ours] }).sweep(nowMs);
  expect([names(), removed]).toEqual([['just-ended', 'long', 'ours'], []]);
});

test('what is no call stays: other files, other folders, and calls with something else in them', async () => {
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  callOf('photos', 600, ['a.jpg', 'a.json']);
  callOf('bare', 600, ['a.wav']);
  const nested = callOf('nested', 600);
  mkdirSync(join(nested, 'mine'));
  await retention({ keepMs: 10 * minuteMs, bytesMax: 1 }).sweep(nowMs);
  expect(names()).toEqual(['bare', 'nested', 'notes.txt', 'photos']);
});

test('what was begun to be deleted is deleted to the end', async () => {
  callOf('half.deleted', 1);
  await retention({ keepMs: 10 * minuteMs }).sweep(nowMs);
  expect(names()).toEqual([]);
});

test('two that delete in one folder do not disturb each other', async () => {
  for (let n = 0; n < 30; n++) callOf(`call-${n}`, 100 + n);
  await Promise.all([1, 2, 3].map(() => retention({ keepMs: 10 * minuteMs }).sweep(nowMs)));
  expect(names()).toEqual([]);
  expect(removed.length).toBe(30);
  expect(existsSync(folder) && statSync(folder).isDirectory()).toBe(true);
});

test.each([
  ['keep=30d', { keepMs: 30 * 86_400_000 }],
  ['keep=12h&max-gb=1.5', { keepMs: 12 * 3_600_000, bytesMax: 1.5e9 }],
  ['gaps=skip&keep=10m', { gaps: 'skip', keepMs: 600_000 }],
  ['call=stereo', { call: 'stereo' }],
])('wav:DIR?%s is understood', (options, expected) => expect(parseSink(`wav:x?${options}`)).toMatchObject(expected));

test.each([
  'keep=9m',
  'keep=30',
  'keep=',
  'max-gb=0',
  'max-gb=-1',
  'max-gb=1e3',
  'call=mono',
  'call=stereo&gaps=skip',
  'keeps=1d',
])('wav:DIR?%s is refused', (options) => expect(parseSink(`wav:x?${options}`)).toHaveProperty('problem'));
