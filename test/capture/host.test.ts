/** A capture on a disk that is full for a while: what was lost is counted, and noted where it is missing. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bodyObject, recordKind } from '../../src/capture/format.ts';
import { CaptureHost } from '../../src/capture/host.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { eventually } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { smallDisk, smallDiskBytes } from '../support/small-disk.ts';

test(
  'a disk that is full for a while costs the messages of that while, and the file says which',
  needs('mount'),
  async () => {
    const folder = smallDisk();
    const file = join(folder, 'calls.acscap');
    const ballast = join(folder, 'ballast');
    const errors: string[] = [];
    const host = new CaptureHost({
      spec: { path: file, redact: false, compress: 'none' },
      path: '/audio',
      onReady: () => {},
      onError: (message) => errors.push(message),
      threadTimeoutMs: 10_000,
      onLost: () => {},
      onAbandoned: () => {},
      queueBytes: 64 * 1024,
    });
    onTestFinished(() => host.stop(0));
    await host.start();
    const { recorder } = host;
    const socket = recorder.opened({ path: '/audio', address: '127.0.0.1', headers: {} }, 'stream', performance.now());
    let sent = 0;
    const send = (count: number) => {
      for (let n = 0; n < count; n++) {
        recorder.message(socket, Buffer.from(String(sent++).padEnd(1000, '.')), false, performance.now());
      }
    };
    send(20);
    await eventually(() => host.messages === 20);
    writeFileSync(ballast, Buffer.alloc(smallDiskBytes - 64 * 1024));
    // More than the disk and the queue take together.
    for (let n = 0; n < 20; n++) {
      send(20);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(host.dropped).toBeGreaterThan(0);
    await eventually(() => errors.length > 0);
    expect(errors[0]).toBe('ENOSPC: write');
    rmSync(ballast);
    await eventually(() => host.backlogBytes === 0);
    send(20);
    recorder.ended(socket, 1000, 'peer', performance.now());
    await host.stop(5000);
    expect(host.messages + host.dropped).toBe(sent);

    const capture = openCapture(file);
    onTestFinished(() => capture.close());
    let next = 0;
    let lost = 0;
    for (const { kind, body } of capture.reader.records()) {
      if (kind === recordKind.lost) {
        const { messages } = bodyObject(body) as { messages: number };
        lost += messages;
        next += messages;
      } else if (kind === recordKind.text) {
        // The note stands exactly where they are missing.
        expect(Number.parseInt(body.toString(), 10)).toBe(next);
        next++;
      }
    }
    expect([next, lost]).toEqual([sent, host.dropped]);
    expect(capture.reader.damage).toEqual({ cutBytes: 0, skippedBytes: 0, missingBlocks: 0 });
  },
);

test('a thread that cannot start is reported with the name of the file', async () => {
  const host = new CaptureHost({
    spec: { path: join(import.meta.filename, 'x'), redact: false, compress: 'none' },
    path: '/audio',
    onReady: () => {},
    onError: () => {},
    threadTimeoutMs: 10_000,
    onLost: () => {},
    onAbandoned: () => {},
  });
  await expect(host.start()).rejects.toThrow(/^--capture: .*host\.test\.ts/);
  await host.stop(0);
});
