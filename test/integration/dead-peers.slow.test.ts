/**
 * Peers that are gone without saying so, or might as well be: each is ended at the time that the settings say, costs a bounded
 * amount of memory until then, and disturbs nobody. On raw TCP, against the real gateway.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openFiles, residentBytes, samples } from '../churn/process-facts.ts';
import { happens } from '../fuzz/case.ts';
import { frame, opcode } from '../fuzz/frame.ts';
import { RawPeer, upgradeRequest } from '../fuzz/raw-peer.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { Starvation } from '../support/starvation.ts';

const metadataTimeoutMs = 600;
const idleTimeoutMs = 1500;
const times = ['--metadata-timeout-ms', `${metadataTimeoutMs}`, '--idle-timeout-ms', `${idleTimeoutMs}`];
/** The sweep looks four times per timeout; the rest is for a machine that is busy. */
const marginMs = 600;
/** uWebSockets.js cuts off who does not answer its close within 4 s, give or take its timer of 4 s. */
const closeAnswerMsMax = 9_000;
/** The HTTP layer gives a request 10 s, by a timer that looks every 4 s. */
const handshakeMsMax = 15_000;

interface Ended {
  readonly closeCause: string;
  readonly closeCode: number;
  readonly durationMs: number;
}

function endOf(gateway: GatewayProcess, call: string): Ended | undefined {
  const is = ({ msg, callConnectionId }: { msg?: string; callConnectionId?: unknown }) =>
    msg === 'stream ended' && callConnectionId === call;
  return gateway.log.find(is) as Ended | undefined;
}

async function ended(gateway: GatewayProcess, call: string): Promise<Ended> {
  await eventually(() => endOf(gateway, call) !== undefined);
  return endOf(gateway, call)!;
}

function caller(gateway: GatewayProcess, call: string): Promise<RawPeer> {
  return RawPeer.open(gateway.port, upgradeRequest('/audio', [`x-ms-call-connection-id: ${call}`]));
}

let machine: Starvation;
beforeAll(async () => {
  machine = await Starvation.watch();
});
afterAll(() => machine[Symbol.asyncDispose]());

/** Several threads in a row wait for their turn until an end is seen. */
function starvedMs(): number {
  return machine.wakesLate ? 5 * machine.worstMs : 0;
}

function expectBetween(value: number, least: number, most: number): void {
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most + starvedMs());
}

// They wait most of the time, so they all do so at the same time, beside one call that lives.
describe.concurrent('beside a call that continues', () => {
  let gateway: GatewayProcess;
  let live: AcsClient;
  let timer: NodeJS.Timeout;
  let spoken = 0;

  beforeAll(async () => {
    gateway = await GatewayProcess.start(...times, '--resume-grace-ms', '0');
    live = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'live' });
    live.send(metadata('live'));
    timer = setInterval(() => live.send(audio(spoken++)), 20);
  });

  afterAll(async () => {
    clearInterval(timer);
    await live.hangUp();
    const record = await ended(gateway, 'live');
    const { code, last } = await gateway.drain();
    await gateway.kill();
    expect(record).toMatchObject({ committed: spoken, closeCause: 'peer', closeCode: 1000 });
    expect([code, last['unaccounted']]).toEqual([0, 0]);
  });

  test('a peer that never sends metadata is ended by --metadata-timeout-ms', async () => {
    const peer = await caller(gateway, 'mute');
    await peer.closed;
    const { closeCause, closeCode, durationMs } = await ended(gateway, 'mute');
    expect([closeCause, closeCode]).toEqual(['metadata_timeout', 1008]);
    expect(peer.closeFrame).toEqual({ code: 1008, reason: 'metadata_timeout' });
    expectBetween(durationMs, metadataTimeoutMs, metadataTimeoutMs + marginMs);
  });

  test('a peer that sends metadata and then nothing is ended by --idle-timeout-ms', async () => {
    const peer = await caller(gateway, 'idle');
    peer.write(frame({ payload: metadata('idle') }));
    await peer.closed;
    const { closeCause, durationMs } = await ended(gateway, 'idle');
    expect(closeCause).toBe('idle');
    expectBetween(durationMs, idleTimeoutMs, idleTimeoutMs + marginMs);
  });

  test('a peer that sends pings but no audio is idle', async () => {
    const peer = await caller(gateway, 'pinging');
    peer.write(frame({ payload: metadata('pinging') }));
    const pings = setInterval(() => peer.write(frame({ opcode: opcode.ping })), 50);
    await peer.closed;
    clearInterval(pings);
    expect((await ended(gateway, 'pinging')).closeCause).toBe('idle');
  });

  test('a peer that sends its first message one byte at a time is ended by --metadata-timeout-ms', async () => {
    const peer = await caller(gateway, 'trickle');
    const bytes = frame({ payload: metadata('trickle') });
    let at = 0;
    const drip = setInterval(() => peer.write(bytes.subarray(at, ++at)), 100);
    await peer.closed;
    clearInterval(drip);
    const { closeCause, durationMs } = await ended(gateway, 'trickle');
    expect(closeCause).toBe('metadata_timeout');
    expectBetween(durationMs, metadataTimeoutMs, metadataTimeoutMs + marginMs);
  });

  test('a peer that sends its audio one byte at a time is idle', async () => {
    const peer = await caller(gateway, 'drip');
    peer.write(frame({ payload: metadata('drip') }));
    const bytes = frame({ payload: audio(0) });
    let at = 0;
    const drip = setInterval(() => peer.write(bytes.subarray(at, ++at)), 100);
    await peer.closed;
    clearInterval(drip);
    const { closeCause, durationMs } = await ended(gateway, 'drip');
    expect(closeCause).toBe('idle');
    expectBetween(durationMs, idleTimeoutMs, idleTimeoutMs + marginMs);
  });

  test('a peer that is stopped, and so answers nothing, is ended and its descriptor freed', async () => {
    const script = `
      const { WebSocket } = require('ws');
      const socket = new WebSocket(process.argv[1], { headers: { 'x-ms-call-connection-id': 'stopped' } });
      socket.on('open', () => { socket.send(process.argv[2]); setTimeout(() => console.log('open'), 100); });`;
    const child = spawn(process.execPath, ['-e', script, gateway.url, metadata('stopped')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    const { closeCause, durationMs } = await ended(gateway, 'stopped');
    expect(closeCause).toBe('idle');
    expectBetween(durationMs, idleTimeoutMs, idleTimeoutMs + marginMs);
  });

  test('a peer that makes us answer pings by the thousand and never reads costs little memory, and is ended', async () => {
    const peer = await caller(gateway, 'deaf');
    peer.socket.pause();
    peer.write(frame({ payload: metadata('deaf') }));
    const before = residentBytes(gateway.pid);
    let most = before;
    let pings = 0;
    const thousand = Buffer.concat(
      Array.from({ length: 1000 }, () => frame({ opcode: opcode.ping, payload: Buffer.alloc(125, 1) })),
    );
    while (endOf(gateway, 'deaf') === undefined) {
      if (peer.socket.writableNeedDrain) await sleep(5);
      else {
        peer.write(thousand);
        pings += 1000;
        await sleep(1);
      }
      most = Math.max(most, residentBytes(gateway.pid));
    }
    const { closeCause, closeCode, durationMs } = endOf(gateway, 'deaf')!;
    // More pings than any peer has a reason to send are a flood: it does not last until the peer is idle.
    expect([closeCause, closeCode]).toEqual(['flood', 1008]);
    expect(durationMs).toBeLessThan(idleTimeoutMs + marginMs + starvedMs());
    expect(pings).toBeGreaterThan(16_000);
    expect(most - before).toBeLessThan(32 * 2 ** 20);
    peer.socket.destroy();
  });

  test('a request whose head comes one byte at a time is cut off', async () => {
    const peer = await RawPeer.connect(gateway.port);
    const startMs = performance.now();
    peer.write('GET /audio HTTP/1.1\r\n');
    const drip = setInterval(() => peer.write('x'), 250);
    await peer.closed;
    clearInterval(drip);
    expectBetween(performance.now() - startMs, 1000, handshakeMsMax);
  });

  test('a connection on which nothing is ever asked is cut off', async () => {
    const peer = await RawPeer.connect(gateway.port);
    const startMs = performance.now();
    await peer.closed;
    expectBetween(performance.now() - startMs, 1000, handshakeMsMax);
  });

  test('a connection to the admin port on which nothing is ever asked is cut off', async () => {
    const peer = await RawPeer.connect(gateway.adminPort);
    const isCut = await happens(peer.closed, handshakeMsMax);
    peer.reset();
    expect(isCut).toBe(true);
  });
});

test.concurrent('a TLS handshake that stands still, or never begins, is cut off', async (context) => {
  const folder = temporaryFolder();
  const { cert, key } = selfSignedCertificate();
  const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')] as const;
  writeFileSync(files[0], cert);
  writeFileSync(files[1], key);
  const gateway = await GatewayProcess.start('--tls-cert', files[0], '--tls-key', files[1]);
  context.onTestFinished(() => gateway.kill());
  const startMs = performance.now();
  const silent = await RawPeer.connect(gateway.port);
  const begun = await RawPeer.connect(gateway.port);
  // A record of the handshake of 512 bytes, of which five come.
  begun.write(Buffer.from('160301020001', 'hex'));
  await Promise.all([silent.closed, begun.closed]);
  expectBetween(performance.now() - startMs, 1000, handshakeMsMax);
});

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** A network namespace with a link of its own to the host. */
function network(): { readonly name: string; readonly host: string; cut(): void } {
  const id = `${process.pid % 100_000}`;
  const [name, near, far] = [`acs${id}`, `acsn${id}`, `acsf${id}`];
  const [host, guest] = ['198.51.100.1', '198.51.100.2'];
  ip('netns', 'add', name);
  onTestFinished(() => {
    try {
      ip('netns', 'del', name);
    } catch {
      // Gone already.
    }
  });
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
  onTestFinished(() => {
    try {
      ip('link', 'del', near);
    } catch {
      // Went with its other end.
    }
  });
  ip('addr', 'add', `${host}/24`, 'dev', near);
  ip('link', 'set', near, 'up');
  ip('-n', name, 'addr', 'add', `${guest}/24`, 'dev', far);
  ip('-n', name, 'link', 'set', far, 'up');
  return { name, host, cut: () => ip('-n', name, 'link', 'set', far, 'down') };
}

test.concurrent(
  'a peer whose network is cut is ended as idle, its descriptor is freed, and no FIN ever came',
  needs('network namespaces'),
  async (context) => {
    const net = network();
    const gateway = await GatewayProcess.start(
      '--host',
      '0.0.0.0',
      '--allow-anonymous',
      '--resume-grace-ms',
      '0',
      ...times,
    );
    context.onTestFinished(() => gateway.kill());
    const script = `
    const { WebSocket } = require('ws');
    const socket = new WebSocket(process.argv[1], { headers: { 'x-ms-call-connection-id': 'half-open' } });
    const next = JSON.parse(process.argv[2]);
    socket.on('open', () => { for (const message of next) socket.send(message); setTimeout(() => console.log('open'), 100); });`;
    const child = spawn(
      'ip',
      [
        ...['netns', 'exec', net.name, process.execPath, '-e', script],
        `ws://${net.host}:${gateway.port}/audio`,
        JSON.stringify([metadata('half-open'), audio(0)]),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    context.onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    const [cutMs, connected] = [performance.now(), openFiles(gateway.pid).length];
    net.cut();
    const { closeCause, closeCode } = await ended(gateway, 'half-open');
    expect([closeCause, closeCode]).toEqual(['idle', 1008]);
    expectBetween(performance.now() - cutMs, idleTimeoutMs - 500, idleTimeoutMs + marginMs);
    expect((await samples(gateway.adminPort)).get('streams_active')).toBe(0);
    // Our close is never acknowledged: the descriptor must not be kept for as long as the kernel keeps trying.
    await eventually(() => openFiles(gateway.pid).length === connected - 1);
    expect(performance.now() - cutMs).toBeLessThan(idleTimeoutMs + closeAnswerMsMax + starvedMs());
  },
);
