/** Streams of frames drawn at random, mostly legal, then damaged at random: one number names each of them. */
import { audio, metadata } from '../support/acs-client.ts';
import { generator } from '../support/seed.ts';
import type { Case } from './case.ts';
import { closeFrame, type FrameFields, frame, opcode } from './frame.ts';

type Random = () => number;

function below(random: Random, n: number): number {
  return Math.floor(random() * n);
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)]!;
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

const odd = [
  '',
  '{}',
  '[]',
  'null',
  '{"kind":"DtmfData","dtmfData":{"data":"5"}}',
  '{"kind":"Unheard"}',
  '{"kind":',
  '€',
];

/** A message as frames: whole, or in fragments with control frames between. */
function message(random: Random, payload: Uint8Array | string, kind: number): FrameFields[] {
  const bytes = Buffer.from(payload);
  if (random() < 0.6) return [{ opcode: kind, payload: bytes }];
  const cuts = Array.from({ length: below(random, 4) }, () => below(random, bytes.length + 1)).sort((a, b) => a - b);
  const edges = [0, ...cuts, bytes.length];
  const frames: FrameFields[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const part = { payload: bytes.subarray(edges[i], edges[i + 1]), fin: i + 2 === edges.length };
    frames.push({ ...part, opcode: i === 0 ? kind : opcode.continuation });
    if (random() < 0.3)
      frames.push({ opcode: pick(random, [opcode.ping, opcode.pong]), payload: noise(random, below(random, 126)) });
  }
  // What comes behind the last fragment is no longer between them.
  return frames;
}

function legal(random: Random): FrameFields[] {
  const frames = random() < 0.9 ? message(random, metadata('hostile'), opcode.text) : [];
  const count = 1 + below(random, 8);
  for (let n = 0; n < count; n++) {
    const roll = random();
    if (roll < 0.7) frames.push(...message(random, audio(n, Buffer.alloc(2 * below(random, 400), n)), opcode.text));
    else if (roll < 0.8) frames.push(...message(random, pick(random, odd), opcode.text));
    else if (roll < 0.9) frames.push(...message(random, noise(random, below(random, 300)), opcode.binary));
    else frames.push({ opcode: pick(random, [opcode.ping, opcode.pong]), payload: noise(random, below(random, 126)) });
  }
  return frames;
}

/** One field of one frame made wrong, or frames in another order. */
function misframe(random: Random, frames: FrameFields[]): void {
  const at = below(random, frames.length);
  const one = frames[at]!;
  switch (below(random, 9)) {
    case 0:
      frames[at] = { ...one, opcode: below(random, 16) };
      return;
    case 1:
      frames[at] = { ...one, fin: !(one.fin ?? true) };
      return;
    case 2:
      frames[at] = { ...one, rsv: below(random, 8) };
      return;
    case 3:
      frames[at] = { ...one, lengthBits: pick(random, [16, 64] as const) };
      return;
    case 4:
      frames[at] = { ...one, announced: BigInt(below(random, 300_000)), lengthBits: 64 };
      return;
    case 5:
      frames[at] = { ...one, announced: 1n << BigInt(below(random, 64)), lengthBits: 64 };
      return;
    case 6:
      frames.splice(at, 1);
      return;
    case 7:
      frames.splice(below(random, frames.length + 1), 0, one);
      return;
    default:
      frames[at] = { ...one, payload: noise(random, below(random, 200)) };
  }
}

/** What a broken line or a broken peer makes of the bytes. */
function damage(random: Random, bytes: Buffer): Buffer {
  const at = below(random, bytes.length);
  switch (below(random, 5)) {
    case 0:
      bytes[at]! ^= 1 << below(random, 8);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 8))]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), noise(random, 1 + below(random, 8)), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes, noise(random, below(random, 64))]);
  }
}

function inPieces(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = random() < 0.5 ? bytes.length : 1 + below(random, 200);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

export function drawnCase(seed: number, index: number): Case {
  const random = generator(seed * 1_000_003 + index);
  for (let i = 0; i < 3; i++) random();
  const frames = legal(random);
  const faults = below(random, 3);
  for (let i = 0; i < faults && frames.length > 0; i++) misframe(random, frames);
  let bytes = Buffer.concat(frames.map((each) => frame({ ...each, mask: below(random, 2 ** 32) })));
  if (random() < 0.3) bytes = Buffer.concat([bytes, closeFrame(pick(random, [1000, 1001, below(random, 65_536)]))]);
  const wounds = below(random, 3);
  for (let i = 0; i < wounds && bytes.length > 0; i++) bytes = damage(random, bytes) as Buffer<ArrayBuffer>;
  return { name: `drawn ${seed}:${index}`, writes: inPieces(random, bytes), isReset: random() < 0.05 };
}
