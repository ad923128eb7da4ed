/** How connections come and go: politely, and in every way in which networks and programs break off. One function each. */

import { closeFrame, frame } from '../fuzz/frame.ts';
import { RawPeer, upgradeRequest } from '../fuzz/raw-peer.ts';
import { audio, metadata } from '../support/acs-client.ts';

export type Visit = (port: number, n: number) => Promise<void>;

const participants = ['4:+15550100', '4:+15550101', '8:acs:guest', '28:bot'];

function request(n: number): string {
  return upgradeRequest('/audio', [`x-ms-call-connection-id: churn-${n}`]);
}

function hello(n: number): Buffer {
  return frame({ payload: metadata(`churn-${n}`) });
}

function words(count: number, participant?: string): Buffer[] {
  return Array.from({ length: count }, (_, n) => frame({ payload: audio(n, Buffer.alloc(640, n + 1), participant) }));
}

/** A call that sends something and is still connected. */
async function talking(port: number, n: number, ...more: Buffer[]): Promise<RawPeer> {
  const peer = await RawPeer.open(port, request(n));
  peer.write(Buffer.concat([hello(n), ...words(3), ...more]));
  return peer;
}

async function reset(peer: RawPeer): Promise<void> {
  peer.reset();
  await peer.closed;
}

async function finish(peer: RawPeer): Promise<void> {
  peer.finish();
  await peer.closed;
}

/** Those that never become a stream. */
const strangers: readonly Visit[] = [
  async function saysNothing(port) {
    await reset(await RawPeer.connect(port));
  },
  async function asksAndLeaves(port, n) {
    const peer = await RawPeer.connect(port);
    peer.write(request(n).slice(0, 1 + (n % 150)));
    await reset(peer);
  },
  async function asksHalfAndFinishes(port, n) {
    const peer = await RawPeer.connect(port);
    peer.write(request(n).slice(0, 1 + (n % 150)));
    await finish(peer);
  },
  async function isElsewhere(port) {
    const peer = await RawPeer.connect(port);
    peer.write(upgradeRequest('/nowhere'));
    await peer.head();
    await finish(peer);
  },
  async function checksHealth(port) {
    const peer = await RawPeer.connect(port);
    peer.write('GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await peer.head();
    await reset(peer);
  },
  async function isNoHttp(port, n) {
    const peer = await RawPeer.connect(port);
    peer.write(Buffer.alloc(100 + (n % 100), n & 255));
    await finish(peer);
  },
];

/** Those that do. */
const callers: readonly Visit[] = [
  async function hangsUp(port, n) {
    const peer = await talking(port, n, closeFrame(1000));
    await peer.closed;
  },
  async function hangsUpUnmixed(port, n) {
    const peer = await RawPeer.open(port, request(n));
    peer.write(Buffer.concat([hello(n), ...participants.flatMap((id) => words(2, id)), closeFrame(1000)]));
    await peer.closed;
  },
  async function breaksOff(port, n) {
    await reset(await talking(port, n));
  },
  async function finishesWithoutAClose(port, n) {
    await finish(await talking(port, n));
  },
  async function breaksOffInAMessage(port, n) {
    await reset(await talking(port, n, words(1)[0]!.subarray(0, 1 + (n % 900))));
  },
  async function breaksOffBeforeMetadata(port, n) {
    await reset(await RawPeer.open(port, request(n)));
  },
  async function neverSaysWho(port, n) {
    const peer = await RawPeer.open(port, request(n));
    peer.write(Buffer.concat(words(2)));
    await finish(peer);
  },
  async function closesAndBreaksOff(port, n) {
    await reset(await talking(port, n, closeFrame(1001)));
  },
  async function violatesTheProtocol(port, n) {
    const peer = await talking(port, n, Buffer.alloc(64, 0xff));
    await peer.closed;
  },
  async function saysTooMuch(port, n) {
    const peer = await talking(port, n, frame({ payload: Buffer.alloc(140_000, 0x20) }));
    await finish(peer);
  },
  async function comesBack(port, n) {
    await reset(await talking(port, n));
    const peer = await talking(port, n, closeFrame(1000));
    await peer.closed;
  },
  async function comesTwice(port, n) {
    const first = await talking(port, n);
    const second = await talking(port, n, closeFrame(1000));
    await second.closed;
    await finish(first);
  },
];

export const visits: readonly Visit[] = [...callers, ...strangers];
