/** Servers that are no servers at all: the check names what they do, in time, and does not break of it. */

import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type ExpectStatic, test } from 'vitest';
import { acceptanceFaults, upgradeRequest } from '../../src/conformance/handshake.ts';
import { checkServer } from '../../src/conformance/runner.ts';
import { scenarios } from '../../src/conformance/scenarios/all.ts';
import { unlessStarved } from '../support/starvation.ts';

const timing = { patienceMs: 400, watchMs: 30, lateMs: 8000, totalMs: 15_000 };
const few = [
  'handshake',
  'no-upgrade',
  'clean-call',
  'malformed-json',
  'ping',
  'close-1000',
  'flood',
  'outbound',
  'final-call',
];

/** Accepts the upgrade as it should, and hands over the connection. */
function accepting(then: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    let head = '';
    const read = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(head)?.[1];
      if (key === undefined) return;
      socket.off('data', read);
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
      then(socket);
      socket.resume();
    };
    socket.on('data', read);
  };
}

/** Writes the same bytes as fast as they are taken. */
function pourOut(socket: Socket, bytes: Buffer): void {
  const go = () => {
    while (!socket.destroyed && socket.write(bytes)) {
      // Until it is full.
    }
  };
  socket.on('drain', go);
  go();
}

const unreachable: Readonly<Record<string, readonly [(socket: Socket) => void, RegExp]>> = {
  'closes at once': [(socket) => socket.destroy(), /without an HTTP answer|ECONNRESET/],
  'never answers': [() => {}, /did not answer within 400 ms/],
  'answers with noise': [(socket) => void socket.write(Buffer.alloc(5000, 0x81)), /not HTTP/],
  'answers with half a line': [(socket) => void socket.write('HTTP/1.'), /did not answer within 400 ms/],
  'answers with an endless head': [
    (socket) => pourOut(socket, Buffer.from(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(9000)}`)),
    /not HTTP/,
  ],
  'refuses everything': [(socket) => void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'), /answered with 401/],
};

const accepted: Readonly<Record<string, readonly [(socket: Socket) => void, RegExp]>> = {
  'closes behind the upgrade': [
    accepting((socket) => socket.end()),
    /closed it without a close frame|broke it off|was not let in/,
  ],
  'sends noise': [
    accepting((socket) => pourOut(socket, Buffer.alloc(10_000, 0xff))),
    /sent a frame with a reserved bit set/,
  ],
  'sends masked frames': [
    accepting((socket) => void socket.write(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]))),
    /sent a masked frame/,
  ],
  'announces a message without end': [
    accepting((socket) => void socket.write(Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0]))),
    /sent a message of more than/,
  ],
  'says nothing and reads nothing': [
    accepting((socket) => setImmediate(() => socket.pause())),
    /did not answer (it|the close frame) within/,
  ],
};

async function checkWith(serve: (socket: Socket) => void, patienceMs = timing.patienceMs) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/audio`;
  const selected = scenarios.filter(({ name }) => few.includes(name));
  const report = await checkServer({ url, scenarios: selected, timing: { ...timing, patienceMs } });
  for (const socket of sockets) socket.destroy();
  server.close();
  return report;
}

function failsInTime(serve: (socket: Socket) => void, seen: RegExp, expect: ExpectStatic): Promise<void> {
  return unlessStarved(async (_machine, attempt) => {
    const report = await checkWith(serve, timing.patienceMs * attempt ** 2);
    const findings = report.scenarios.flatMap((result) => result.findings.map((finding) => finding.seen));
    expect([report.ok, report.unreachable]).toEqual([false, null]);
    expect(report.counts.fail).toBeGreaterThan(0);
    expect(findings.join('\n')).toMatch(seen);
    expect(report.durationMs).toBeLessThan(20_000);
  });
}

describe.concurrent('a server that', () => {
  test.for(Object.entries(unreachable))(
    '%s cannot be checked, and that is said',
    async ([, [serve, seen]], { expect }) => {
      const report = await checkWith(serve);
      expect([report.ok, report.scenarios.length]).toEqual([false, 0]);
      expect(report.unreachable).toMatch(seen);
    },
  );

  test.for(Object.entries(accepted))('%s fails, in time', ([, [serve, seen]], { expect }) =>
    failsInTime(serve, seen, expect),
  );
});

/** By itself: it leaves the others, and those who check them, in this thread no time. */
test('a server that pings without end fails, in time', ({ expect }) =>
  failsInTime(
    accepting((socket) => pourOut(socket, Buffer.alloc(10_000, Buffer.from([0x89, 0])))),
    /./,
    expect,
  ));

describe('the handshake', () => {
  test('names what is wrong with a 101', ({ expect }) => {
    const wrong = { status: 101, byteCount: 0, headers: new Map([['sec-websocket-extensions', 'permessage-deflate']]) };
    expect(acceptanceFaults(wrong, 'key')).toEqual([
      'a 101 without Upgrade: websocket',
      'a 101 without Connection: Upgrade',
      'a 101 whose Sec-WebSocket-Accept is not right',
      'a 101 with sec-websocket-extensions, which was not offered',
    ]);
  });

  test('takes an address with a user, however it is written', ({ expect }) => {
    const target = { url: new URL('ws://us%zzer:a%20b@127.0.0.1/audio'), headers: {}, insecure: false };
    const expected = Buffer.from('us%zzer:a b').toString('base64');
    expect(upgradeRequest(target, 'key', {})).toContain(`Authorization: Basic ${expected}\r\n`);
  });
});
