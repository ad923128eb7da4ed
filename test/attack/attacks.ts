/** What peers can do to a gateway that they should not, one function each: the attacker's side. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, opcode } from '../fuzz/frame.ts';
import { upgradeRequest } from '../fuzz/raw-peer.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { again, dial, type Fate, openStream, pour } from './peer.ts';
import { ringAttack } from './ring-attack.ts';
import { speechAttacks } from './speech-attacks.ts';

export interface Target {
  readonly port: number;
  readonly adminPort: number;
  readonly untilMs: number;
}

export interface Attack {
  readonly name: string;
  readonly flags?: readonly string[];
  /** It needs a gateway with settings of its own. */
  readonly isAlone?: boolean;
  /** All calls are spoken into, without an end. */
  readonly isSpokenTo?: boolean;
  /** Open files that the gateway may have. */
  readonly openFiles?: number;
  readonly act: (target: Target, fate: Fate) => Promise<void>;
}

function many(bytes: Uint8Array, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

/** Opens a stream again and again, and pours into each. */
async function flood({ port, untilMs }: Target, fate: Fate, bytes: Uint8Array): Promise<void> {
  await again(1, untilMs, async () => {
    const socket = await openStream(port, fate);
    if (socket === null) return;
    await pour(socket, bytes, untilMs);
    socket.destroy();
  });
}

/** Four streams that send one message again and again, at 1,600 a second each. */
async function withTimeout({ port, untilMs }: Target, fate: Fate, payload: string): Promise<void> {
  const bytes = many(frame({ payload }), 16);
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      let socket = await openStream(port, fate);
      // Beside all other attacks the gateway may take no new stream for a while.
      while (socket === null && performance.now() < untilMs) {
        await sleep(500);
        socket = await openStream(port, fate);
      }
      while (socket?.writable && performance.now() < untilMs) {
        socket.write(bytes);
        await sleep(10);
      }
      socket?.destroy();
    }),
  );
}

/** PROXY protocol v2, TCP over IPv4. `command`: 1 PROXY, 0 LOCAL. */
export function proxyHeader(address: string, command = 1): Buffer {
  const head = Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex');
  head[12] = 0x20 | command;
  const addresses = Buffer.alloc(12);
  address.split('.').forEach((byte, index) => {
    addresses[index] = Number(byte);
  });
  return Buffer.concat([head, addresses]);
}

const uniqueKeys = (bytes: number) => {
  const fields: string[] = [];
  for (let n = 0; fields.length * 12 < bytes - 40; n++) fields.push(`"k${n.toString().padStart(6, '0')}":0`);
  return `{"kind":"AudioData",${fields.join(',')}}`;
};

/** What takes a parser longest of all messages of 4 KiB. */
export const costlyMessages: Readonly<Record<string, string>> = {
  'objects of one key each': `[${Array.from({ length: 400 }, (_, n) => `{"a${n}":0}`).join(',')}]`,
  'unique keys': uniqueKeys(4096),
  'nested arrays': `${'['.repeat(2048)}${']'.repeat(2048)}`,
};

export const attacks: readonly Attack[] = [
  {
    name: 'nobody: what this machine does to the calls by itself',
    act: ({ untilMs }) => sleep(Math.max(0, untilMs - performance.now())),
  },
  {
    name: 'an address forged behind a plain request, by a proxy that passes bytes',
    flags: ['--trust-proxy', '--allow-cidr', '52.112.0.0/14', '--allow-cidr', '127.0.0.1/32'],
    isAlone: true,
    act: async ({ port }, fate) => {
      const socket = await dial(port, fate);
      if (socket === null) return;
      let received = '';
      socket.on('data', (data) => {
        received += data.toString('latin1');
      });
      socket.write(
        Buffer.concat([proxyHeader('203.0.113.1'), Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')]),
      );
      await sleep(200);
      if (socket.writable) socket.write(Buffer.concat([proxyHeader('52.112.9.9'), Buffer.from(upgradeRequest())]));
      await sleep(300);
      fate.notes['forged'] = received.includes(' 101 ') ? 'let in' : 'cut off';
      socket.destroy();
    },
  },
  {
    name: 'two-byte messages, as many as go',
    act: (target, fate) => flood(target, fate, many(frame({ payload: '{}' }), 8000)),
  },
  {
    name: 'empty messages, as many as go',
    act: (target, fate) => flood(target, fate, many(frame({ payload: '' }), 8000)),
  },
  {
    name: 'binary messages, as many as go',
    act: (target, fate) => flood(target, fate, many(frame({ opcode: opcode.binary, payload: 'x' }), 8000)),
  },
  {
    name: 'pings, as many as go',
    act: (target, fate) => flood(target, fate, many(frame({ opcode: opcode.ping }), 8000)),
  },
  {
    name: 'pongs, as many as go',
    act: (target, fate) => flood(target, fate, many(frame({ opcode: opcode.pong }), 8000)),
  },
  {
    name: 'DTMF tones and marks, as many as go',
    act: (target, fate) => {
      const tone = frame({ payload: '{"kind":"DtmfData","dtmfData":{"data":"5"}}' });
      const mark = frame({ payload: '{"kind":"MarkData","markData":{"id":"a","status":"Completed"}}' });
      return flood(target, fate, many(Buffer.concat([tone, mark]), 4000));
    },
  },
  {
    name: 'metadata with another format each time, and audio between them',
    act: (target, fate) => {
      const pairs = Array.from({ length: 200 }, (_, n) => {
        const format = metadata('format', n % 2 === 0 ? 16_000 : 24_000);
        return Buffer.concat([frame({ payload: format }), frame({ payload: audio(n) })]);
      });
      return flood(target, fate, Buffer.concat(pairs));
    },
  },
  {
    name: 'connecting again and again with 16 participants',
    act: ({ port, untilMs }, fate) => {
      const all = Buffer.concat([
        frame({ payload: metadata('crowd') }),
        ...Array.from({ length: 16 }, (_, n) => frame({ payload: audio(0, undefined, `4:+4930${n}`) })),
      ]);
      return again(8, untilMs, async () => {
        const socket = await openStream(port, fate);
        if (socket === null) return;
        await new Promise((resolve) => socket.write(all, resolve));
        socket.destroy();
      });
    },
  },
  {
    name: 'a stream that goes on behind its close',
    act: ({ port, untilMs }, fate) =>
      again(1, untilMs, async () => {
        const socket = await dial(port, fate);
        if (socket === null) return;
        socket.on('data', () => {});
        socket.write(upgradeRequest());
        await sleep(20);
        await pour(socket, many(frame({ payload: '{}' }), 8000), untilMs);
        socket.destroy();
      }),
  },
  {
    name: 'bodies without an end',
    act: ({ port, untilMs }, fate) => {
      const head = 'POST /audio HTTP/1.1\r\nHost: gateway\r\nContent-Length: 9999999999\r\n\r\n';
      const body = Buffer.alloc(256 * 1024);
      return again(4, untilMs, async () => {
        const socket = await dial(port, fate);
        if (socket === null) return;
        socket.on('data', () => {});
        socket.write(head);
        await pour(socket, body, untilMs);
        socket.destroy();
      });
    },
  },
  {
    name: 'empty fragments, as many as go',
    act: (target, fate) => {
      const rest = many(frame({ opcode: opcode.continuation, fin: false }), 8000);
      return again(1, target.untilMs, async () => {
        const socket = await openStream(target.port, fate);
        socket?.write(frame({ fin: false }));
        if (socket !== null) await pour(socket, rest, target.untilMs);
        socket?.destroy();
      });
    },
  },
  {
    name: '8 connections that pipeline GET /healthz, without a token',
    flags: ['--auth', 'token', '--auth-token', 'secret'],
    act: ({ port, untilMs }, fate) => {
      const requests = many(Buffer.from('GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n'), 1000);
      return again(8, untilMs, async () => {
        const socket = await dial(port, fate);
        socket?.on('data', () => {});
        if (socket !== null) await pour(socket, requests, untilMs);
        socket?.destroy();
      });
    },
  },
  {
    name: '8 connections that pipeline upgrades without a token',
    flags: ['--auth', 'token', '--auth-token', 'secret'],
    act: ({ port, untilMs }, fate) => {
      const requests = many(Buffer.from(upgradeRequest()), 500);
      return again(8, untilMs, async () => {
        const socket = await dial(port, fate);
        socket?.on('data', () => {});
        if (socket !== null) await pour(socket, requests, untilMs);
        socket?.destroy();
      });
    },
  },
  {
    name: 'metadata with unique keys, 50 to a stream',
    act: ({ port, untilMs }, fate) => {
      const message = frame({
        payload: uniqueKeys(4000).replace('"AudioData"', '"AudioMetadata","a":"AudioMetadata"'),
      });
      return again(1, untilMs, async () => {
        const socket = await openStream(port, fate);
        socket?.write(many(message, 50));
        await sleep(1);
        socket?.destroy();
      });
    },
  },
  {
    name: 'one socket that reconnects, with a burst each time',
    act: ({ port, untilMs }, fate) => {
      const burst = Buffer.concat([
        frame({ payload: metadata('burst') }),
        ...Array.from({ length: 4000 }, (_, n) => frame({ payload: audio(n) })),
      ]);
      return again(1, untilMs, async () => {
        const socket = await openStream(port, fate);
        if (socket === null) return;
        for (let n = 0; n < 4 && socket.writable; n++) await new Promise((resolve) => socket.write(burst, resolve));
        socket.destroy();
      });
    },
  },
  {
    name: 'upgrades from outside --allow-cidr, for another path',
    flags: ['--allow-cidr', '127.0.0.1/32', '--max-upgrades-per-second', '40', '--max-upgrades-per-address', '1000'],
    isAlone: true,
    act: async ({ port, untilMs }, fate) => {
      const asks = again(8, untilMs, async () => {
        const socket = await dial(port, fate);
        if (socket === null) return;
        socket.write(upgradeRequest('/nonsense'));
        await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
        socket.destroy();
      });
      let [taken, refused] = [0, 0];
      const honest = again(1, untilMs, async () => {
        const own = { ...fate, streams: 0, refused: {}, closed: {}, notes: {} };
        const socket = await dial(port, own, '127.0.0.1');
        if (socket === null) return;
        socket.write(upgradeRequest());
        const head = await new Promise<string>((resolve) => {
          socket.once('data', (data) => resolve(data.toString('latin1')));
          socket.once('close', () => resolve(''));
        });
        if (head.includes(' 101 ')) taken++;
        else refused++;
        socket.end(frame({ opcode: opcode.close, payload: Buffer.from([3, 232]) }));
        await sleep(50);
        socket.destroy();
      });
      await Promise.all([asks, honest]);
      fate.notes['honest upgrades taken'] = taken;
      fate.notes['honest upgrades refused'] = refused;
    },
  },
  {
    name: 'silent connections beyond the descriptors',
    openFiles: 128,
    isAlone: true,
    act: async ({ port, untilMs }, fate) => {
      const sockets: Socket[] = [];
      for (let n = 0; n < 160; n++) {
        const socket = await dial(port, fate);
        if (socket !== null) sockets.push(socket);
      }
      await sleep(Math.max(0, untilMs - performance.now()));
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: 'a fragment of 262,000 bytes without an end, on each of 200 sockets',
    act: async ({ port, untilMs }, fate) => {
      const bytes = frame({ fin: false, payload: Buffer.alloc(262_000, 'x') });
      const sockets = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const socket = await openStream(port, fate);
          socket?.write(bytes);
          return socket;
        }),
      );
      await sleep(Math.max(0, untilMs - performance.now()));
      for (const socket of sockets) socket?.destroy();
    },
  },
  {
    name: '300 connections to the admin port, 40 pipelined /metrics each, never read',
    act: async ({ adminPort, untilMs }, fate) => {
      const requests = many(Buffer.from('GET /metrics HTTP/1.1\r\nHost: gateway\r\n\r\n'), 40);
      const sockets = await Promise.all(
        Array.from({ length: 300 }, async () => {
          const socket = await dial(adminPort, fate);
          socket?.pause();
          socket?.write(requests);
          return socket;
        }),
      );
      await sleep(Math.max(0, untilMs - performance.now()));
      for (const socket of sockets) socket?.resume();
      await sleep(100);
      fate.notes['still connected'] = sockets.filter((socket) => socket !== null && !socket.destroyed).length;
      for (const socket of sockets) socket?.destroy();
    },
  },
  {
    name: 'one stream, JSON of 4 KiB with unique keys, from its burst allowance',
    act: (target, fate) => flood(target, fate, many(frame({ payload: uniqueKeys(4096) }), 100)),
  },
  {
    name: 'one stream, data without an end: the search for it',
    act: (target, fate) =>
      flood(target, fate, many(frame({ payload: '{"kind":"AudioData","audioData":{"data":"AAAA' }), 8000)),
  },
  ...Object.entries(costlyMessages).map(
    ([what, payload]): Attack => ({
      name: `4 streams within their limit, messages that cost most: ${what}`,
      act: (target, fate) => withTimeout(target, fate, payload),
    }),
  ),
  {
    name: 'connecting again and again for a few messages that cost most',
    act: ({ port, untilMs }, fate) => {
      const bytes = many(frame({ payload: uniqueKeys(4096) }), 8);
      return again(4, untilMs, async () => {
        const socket = await openStream(port, fate);
        if (socket === null) return;
        await new Promise((resolve) => socket.write(bytes, resolve));
        socket.destroy();
      });
    },
  },
  ...speechAttacks,
  ringAttack,
  {
    name: 'one stream, messages of 128 KiB with thousands of values',
    act: (target, fate) =>
      flood(target, fate, frame({ payload: `{"kind":"AudioData","a":[${'{"a":0},'.repeat(16_000)}0]}` })),
  },
];
