/** The queue between the main thread and the capture's, and what the recorder makes of a queue that is full. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordKind } from '../../src/capture/format.ts';
import { createQueue, QueueReader, QueueWriter } from '../../src/capture/queue.ts';
import { CaptureRecorder } from '../../src/capture/recorder.ts';

function queueOf(bytes: number) {
  const buffer = createQueue(bytes);
  return { buffer, writer: new QueueWriter(buffer), reader: new QueueReader(buffer) };
}

function all(reader: QueueReader): [kind: number, socket: number, body: string][] {
  const found: [number, number, string][] = [];
  for (let record = reader.next(); record !== null; record = reader.next()) {
    found.push([record.kind, record.socket, Buffer.from(record.body).toString()]);
  }
  return found;
}

test('what is pushed comes out in order, whole, round and round, and full is a return value', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 200 }), fc.nat({ max: 6 }), (sizes, pace) => {
      const { writer, reader } = queueOf(1024);
      const waiting: [number, number, string][] = [];
      for (const [index, size] of sizes.entries()) {
        const body = String(index).padEnd(size, '.');
        if (writer.push(2, index, index, Buffer.from(body))) waiting.push([2, index, body]);
        else expect(writer.backlogBytes).toBeGreaterThan(200);
        if (index % (pace + 1) === 0) {
          expect(all(reader)).toEqual(waiting.splice(0));
          reader.commit(0, index, 0);
          expect(writer.backlogBytes).toBe(0);
        }
      }
      expect(all(reader)).toEqual(waiting);
    }),
  );
});

test('a reader that takes over begins behind what was committed, whatever was read beyond it', () => {
  const { buffer, writer, reader } = queueOf(4096);
  for (let n = 0; n < 5; n++) writer.push(2, n, n, Buffer.from(`m${n}`));
  reader.next();
  reader.next();
  reader.commit(100, 2, 1);
  reader.next();
  const next = new QueueReader(buffer);
  expect(next.committed).toMatchObject({ fileBytes: 100, messages: 2, blocks: 1 });
  expect(all(next).map(([, socket]) => socket)).toEqual([2, 3, 4]);
});

const upgrade = { path: '/audio', address: '127.0.0.1', headers: {} };

test('messages that find no room are lost whole, counted, and noted before the next one of their socket', () => {
  const { writer, reader } = queueOf(2048);
  const recorder = new CaptureRecorder(writer, '/audio');
  const [a, b] = [recorder.opened(upgrade, 'stream-a', 0), recorder.opened(upgrade, 'stream-b', 0)];
  const message = Buffer.alloc(500, 'm');
  for (let n = 0; n < 10; n++) recorder.message(n % 2 === 0 ? a : b, message, false, n);
  expect(recorder.dropped).toBeGreaterThan(4);
  const first = all(reader);
  reader.commit(0, 0, 0);
  recorder.message(a, Buffer.from('after'), false, 20);
  recorder.ended(b, 1000, 'peer', 21);
  const second = all(reader);
  const written = [...first, ...second].filter(([kind]) => kind === recordKind.text).length;
  expect(recorder.offered).toBe(11);
  expect(written + recorder.dropped).toBe(11);
  expect(second.map(([kind, socket]) => [kind, socket])).toEqual([
    [recordKind.lost, a],
    [recordKind.text, a],
    [recordKind.lost, b],
    [recordKind.end, b],
  ]);
  const noted = second.filter(([kind]) => kind === recordKind.lost).map(([, , body]) => JSON.parse(body));
  expect(noted.reduce((sum, { messages }) => sum + messages, 0)).toBe(recorder.dropped);
  expect(noted.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(recorder.dropped * 500);
});

test('beginnings and ends are never lost: they wait for room, and no message overtakes them', () => {
  const { writer, reader } = queueOf(1024);
  const recorder = new CaptureRecorder(writer, '/audio');
  const a = recorder.opened(upgrade, 'stream-a', 0);
  while (recorder.dropped === 0) recorder.message(a, Buffer.alloc(100), false, 1);
  const b = recorder.opened(upgrade, 'stream-b', 2);
  recorder.message(b, Buffer.from('lost'), false, 3);
  recorder.ended(a, 1006, 'peer', 4);
  all(reader);
  reader.commit(0, 0, 0);
  recorder.message(b, Buffer.from('kept'), false, 5);
  expect(all(reader).map(([kind, socket, body]) => [kind, socket, body.startsWith('{') ? '' : body])).toEqual([
    [recordKind.open, b, ''],
    [recordKind.lost, a, ''],
    [recordKind.end, a, ''],
    [recordKind.lost, b, ''],
    [recordKind.text, b, 'kept'],
  ]);
});

test('of an upgrade only the headers of the call are kept, bounded, and of the path nothing behind the setting', () => {
  const { writer } = queueOf(1024);
  const recorder = new CaptureRecorder(writer, '/audio');
  const headers: [string, string][] = [
    ['authorization', 'Bearer secret'],
    ['cookie', 'secret'],
    ['x-ms-call-connection-id', 'call'],
    ['x-ms-call-correlation-id', 'y'.repeat(1000)],
    ['x-ms-token-aad-access-token', 'secret'],
    ['x-ms-client-principal', 'secret'],
    ...Array.from({ length: 50 }, (_, n): [string, string] => [
      `x-ms-call-${'abcdefghij'[n % 10]}${'k'.repeat(n)}`,
      'z',
    ]),
  ];
  const kept = recorder.upgrade(
    {
      forEach: (visit) => {
        for (const [name, value] of headers) visit(name, value);
      },
    },
    '/audio/call/secret',
    '192.0.2.1',
  );
  expect(kept.path).toBe('/audio/***');
  expect(Object.keys(kept.headers)).toHaveLength(16);
  expect(kept.headers['x-ms-call-correlation-id']).toHaveLength(256);
  expect(JSON.stringify(kept)).not.toContain('secret');
});
