/** Captures that turn out to be damaged beyond use in the middle, and copies that cannot be finished: a clear end, and nothing half-made. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { block, blockBytesMax, recordKind, syncWord } from '../../src/capture/format.ts';
import { BlockWriter, captureHead } from '../../src/capture/format-writer.ts';
import { metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { entry, eventually, runCommand } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { smallDisk } from '../support/small-disk.ts';
import { judgingTimes } from '../support/starvation.ts';
import { startCapturing } from './captured.ts';

type Record = readonly [kind: number, atMs: number, body: string];

function whole(records: readonly Record[]): Buffer {
  const writer = new BlockWriter('none');
  for (const [kind, atMs, body] of records) writer.add(kind, 1, atMs * 1000, Buffer.from(body));
  return Buffer.concat([captureHead(0, false), writer.finish(0)]);
}

/** What seems to begin a block of the greatest size everywhere: given up after a while, not checked for hours. */
function beyondUse(): Buffer {
  const one = Buffer.alloc(block.end);
  one.writeUInt32LE(syncWord, block.sync);
  one.writeUInt32LE(blockBytesMax, block.rawBytes);
  one.writeUInt32LE(blockBytesMax, block.storedBytes);
  one.writeUInt32LE(crc32(one.subarray(0, block.headCrc)), block.headCrc);
  return Buffer.concat(Array.from({ length: 400_000 }, () => one));
}

const opening = (headers: object = {}) => JSON.stringify({ headers });

function damagedCapture(folder: string): string {
  const file = join(folder, 'damaged.acscap');
  const records: Record[] = [
    [recordKind.open, 0, opening()],
    [recordKind.text, 300, metadata()],
  ];
  writeFileSync(file, Buffer.concat([whole(records), beyondUse()]));
  return file;
}

test(
  'a replay that comes upon damage beyond use closes its sockets and ends with bad_capture',
  judgingTimes(async () => {
    const gateway = await startCapturing();
    const file = damagedCapture(temporaryFolder());
    const { code, stderr } = await runCommand(['simulate', '--replay', file, '--url', gateway.url]);
    expect(stderr).toBe(`acs-audio-gateway simulate: ${file}: it is damaged beyond use\n`);
    expect(code).toBe(10);
    await eventually(async () => (await gateway.metrics()).get('streams_active') === 0);
    expect((await gateway.metrics()).get('upgrades_total{result="accepted"}')).toBe(1);
  }),
);

test(
  'a capture with headers that no request may have is played as far as it goes',
  judgingTimes(async () => {
    const gateway = await startCapturing();
    const file = join(temporaryFolder(), 'headers.acscap');
    const end = JSON.stringify({ code: 1000, cause: 'peer' });
    const calls = [
      opening({ 'x-ms-call-connection-id': 'call' }),
      opening({ 'x-ms-call-connection-id': 'call', 'x y': '1' }),
    ];
    writeFileSync(
      file,
      whole(
        calls.flatMap((body, n): Record[] => [
          [recordKind.open, 300 * n, body],
          [recordKind.end, 300 * n + 200, end],
        ]),
      ),
    );
    const { code, stdout, stderr } = await runCommand([
      'simulate',
      '--replay',
      file,
      '--url',
      gateway.url,
      '--report',
      'json',
    ]);
    expect([code, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout)).toMatchObject({ calls: { completed: 1, failed: 1 } });
  }),
);

test('info and redact of such a file say so by name, and redact leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const file = damagedCapture(folder);
  for (const words of [
    ['info', file],
    ['redact', file, join(folder, 'copy')],
  ]) {
    const { code, stderr } = await runCommand(['capture', ...words]);
    expect([code, stderr]).toEqual([10, `acs-audio-gateway: ${file}: it is damaged beyond use\n`]);
  }
  expect(readdirSync(folder)).toEqual(['damaged.acscap']);
});

/** A capture whose blocks take some 50 ms each to redact. */
function longCapture(folder: string, blockCount: number): string {
  const file = join(folder, 'long.acscap');
  const body = metadata('x'.repeat(100_000));
  const one = whole(Array.from({ length: 3 }, (): Record => [recordKind.text, 0, body]));
  const blocks = Array.from({ length: blockCount }, () => one.subarray(captureHead(0, false).length));
  writeFileSync(file, Buffer.concat([captureHead(0, false), ...blocks]));
  return file;
}

test('a redact that is stopped ends with 130, leaves nothing behind, and the next one succeeds', async () => {
  const folder = temporaryFolder();
  const file = longCapture(folder, 50);
  const copy = join(folder, 'copy');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const child = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      entry,
      'capture',
      'redact',
      file,
      copy,
    ]);
    const ended = once(child, 'close');
    await eventually(() => child.exitCode !== null || readdirSync(folder).some((name) => name.endsWith('.part')));
    // Its name is not taken before it is whole.
    expect(readdirSync(folder)).not.toContain('copy');
    await sleep(50);
    child.kill(signal);
    expect((await ended)[0]).toBe(130);
    expect(readdirSync(folder)).toEqual(['long.acscap']);
  }
  expect((await runCommand(['capture', 'redact', file, copy])).code).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(['copy', 'long.acscap']);
  const first = readFileSync(copy);
  expect((await runCommand(['capture', 'redact', file, copy])).code).toBe(9);
  expect(readFileSync(copy)).toEqual(first);
});

test('a redact onto a disk that is full leaves nothing behind, and the next one succeeds', needs('mount'), async () => {
  const folder = smallDisk();
  const file = longCapture(temporaryFolder(), 8);
  const [copy, ballast] = [join(folder, 'copy'), join(folder, 'ballast')];
  writeFileSync(ballast, Buffer.alloc(1000 * 1024));
  const { code, stderr } = await runCommand(['capture', 'redact', file, copy]);
  expect([code, stderr]).toEqual([9, expect.stringContaining(`${copy}: ENOSPC`)]);
  expect(readdirSync(folder)).toEqual(['ballast']);
  rmSync(ballast);
  expect((await runCommand(['capture', 'redact', file, copy])).code).toBe(0);
});
