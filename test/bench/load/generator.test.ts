/** The load generator against a real WebSocket server that looks at everything it gets. */
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { LoadGenerator } from '../../../bench/load/generator.ts';
import { addDigest } from '../../../bench/load/payload.ts';
import type { Plan } from '../../../bench/load/plan.ts';
import { block } from '../../support/block.ts';
import { selfSignedCertificate } from '../../support/certificate.ts';
import { judgingTimes } from '../../support/starvation.ts';

interface Audio {
  readonly timestamp: string;
  readonly participantRawID?: string;
  readonly data: string;
}

let server: WebSocketServer;
let messages: { kind: string; audioData?: Audio }[][];
let generator: LoadGenerator | null = null;

/** Also before a repetition. */
function forget(): void {
  messages = [];
  generator?.close();
  generator = null;
}

function keepMessages(of: WebSocketServer): void {
  of.on('connection', (socket) => {
    const own: (typeof messages)[number] = [];
    messages.push(own);
    socket.on('message', (data) => own.push(JSON.parse(String(data))));
  });
}

beforeEach(async () => {
  forget();
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  keepMessages(server);
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => {
  generator?.close();
  // A connection that reads nothing does not notice the end of its peer.
  for (const socket of server.clients) socket.terminate();
  server.close();
});

function plan(change: Partial<Plan>): Plan {
  const { port } = server.address() as AddressInfo;
  return { port, path: '/audio', streams: 4, framesPerSecond: 400, participants: 1, sampleRate: 16_000, ...change };
}

async function play(change: Partial<Plan>, ms: number): Promise<LoadGenerator> {
  const one = new LoadGenerator(plan(change));
  generator = one;
  await one.connect();
  one.start();
  await sleep(ms);
  await one.stop();
  const { framesSent } = one.report();
  const audioCount = () => messages.flat().filter(({ kind }) => kind === 'AudioData').length;
  await expect.poll(audioCount, { timeout: 60_000 }).toBe(framesSent);
  return one;
}

test(
  'what arrives is what the report says, at the pace of the plan',
  judgingTimes(async () => {
    forget();
    const { framesSent, framesUnsent, pcmBytesSent, digest, socketsLost } = (await play({}, 500)).report();
    expect(framesSent).toBeGreaterThan(150);
    expect(framesSent).toBeLessThan(260);
    expect({ framesUnsent, socketsLost, pcmBytesSent }).toEqual({
      framesUnsent: 0,
      socketsLost: 0,
      pcmBytesSent: framesSent * 640,
    });
    const audio = messages.flat().flatMap(({ audioData }) => audioData ?? []);
    const received = audio.reduce((sum, { data }) => addDigest(sum, crc32(Buffer.from(data, 'base64'))), 0);
    expect(digest).toBe(received);
    expect(new Set(audio.map(({ data }) => data)).size).toBeGreaterThan(10);
  }),
);

test('each stream begins with its metadata, and each participant advances by 20 ms', async () => {
  await play({ streams: 2, participants: 2 }, 200);
  expect(messages).toHaveLength(2);
  for (const own of messages) {
    expect(own[0]!.kind).toBe('AudioMetadata');
    const byParticipant = Map.groupBy(own.slice(1), ({ audioData }) => audioData!.participantRawID);
    expect(byParticipant.size).toBe(2);
    for (const frames of byParticipant.values()) {
      const times = frames.map(({ audioData }) => Date.parse(audioData!.timestamp));
      expect(times.slice(1).every((time, i) => time - times[i]! === 20)).toBe(true);
    }
  }
});

test('mixed audio names nobody, and 24 kHz has its longer frames', async () => {
  await play({ participants: 0, sampleRate: 24_000 }, 100);
  for (const { audioData } of messages.flatMap((own) => own.slice(1))) {
    expect(audioData).not.toHaveProperty('participantRawID');
    expect(Buffer.from(audioData!.data, 'base64')).toHaveLength(960);
  }
});

test('idle streams send their metadata and nothing else', async () => {
  await play({ framesPerSecond: 0 }, 50);
  await expect.poll(() => messages.map((own) => own.map(({ kind }) => kind))).toEqual(Array(4).fill(['AudioMetadata']));
});

test(
  'the schedule is absolute: what a stall has delayed is sent after it, and is late',
  judgingTimes(async () => {
    forget();
    const one = new LoadGenerator(plan({}));
    generator = one;
    await one.connect();
    one.start();
    block(200);
    await sleep(100);
    await one.stop();
    const { framesSent, sinceMark } = one.report();
    expect(framesSent).toBeGreaterThan(100);
    expect(sinceMark.latenessMs.max).toBeGreaterThan(150);
  }),
);

test('over TLS the same arrives, and the report has what was agreed on', async () => {
  const https = createSecureServer(selfSignedCertificate());
  const secure = new WebSocketServer({ server: https });
  keepMessages(secure);
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = https.address() as AddressInfo;
    const one = await play({ port, isTls: true, suites: 'TLS_AES_128_GCM_SHA256' }, 300);
    const { digest, suite, socketsLost } = one.report();
    const audio = messages.flat().flatMap(({ audioData }) => audioData ?? []);
    const received = audio.reduce((sum, { data }) => addDigest(sum, crc32(Buffer.from(data, 'base64'))), 0);
    expect({ digest, suite, socketsLost }).toEqual({
      digest: received,
      suite: 'TLS_AES_128_GCM_SHA256',
      socketsLost: 0,
    });
    expect(audio.length).toBeGreaterThan(0);
  } finally {
    for (const socket of secure.clients) socket.terminate();
    https.close();
  }
});

test('a stream that the server ends is reported', async () => {
  const one = await play({}, 50);
  for (const socket of server.clients) socket.terminate();
  await expect.poll(() => one.report().socketsLost).toBe(4);
});

test('a server that takes nothing gets no more than a bound, the rest is unsent', async () => {
  server.on('connection', (socket) => socket.pause());
  const one = new LoadGenerator(plan({ streams: 1, framesPerSecond: 100_000 }));
  generator = one;
  await one.connect();
  one.start();
  await expect.poll(() => one.report().framesUnsent, { timeout: 60_000 }).toBeGreaterThan(0);
  one.close();
});

test('a refusal is an error that names it', async () => {
  const refusing = createServer();
  refusing.on('upgrade', (_, socket) => {
    // Whoever is refused may be gone before it has read why.
    socket.on('error', () => {});
    socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
  });
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = refusing.address() as AddressInfo;
    await expect(new LoadGenerator(plan({ port })).connect()).rejects.toThrow('503');
  } finally {
    refusing.close();
  }
});

test('more streams than a process may open files are refused before the first one', async () => {
  await expect(new LoadGenerator(plan({ streams: 10_000_000 })).connect()).rejects.toThrow('ulimit -n');
  expect(messages).toEqual([]);
});
