/** Requests drawn at random from good ones, and damaged: one number names each of them. */
import { generator } from '../support/seed.ts';
import type { HttpCase } from './http-cases.ts';
import { httpCases } from './http-cases.ts';

type Random = () => number;

function below(random: Random, n: number): number {
  return Math.floor(random() * n);
}

/** What parsers of HTTP look at. */
const telling = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  ' ',
  ':',
  '\0',
  '\t',
  '%',
  '/',
  '?',
  ',',
  '=',
  'HTTP/1.1',
  'Upgrade',
  '0',
  'chunked',
  '\xff',
];

function damage(random: Random, bytes: Buffer): Buffer {
  const at = below(random, bytes.length);
  const piece = Buffer.from(telling[below(random, telling.length)]!, 'latin1');
  switch (below(random, 6)) {
    case 0:
      bytes[at]! ^= 1 << below(random, 8);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 20))]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(random, bytes.length))]);
  }
}

export function drawnHttpCase(seed: number, index: number): HttpCase {
  const random = generator(seed * 1_000_003 + index);
  for (let i = 0; i < 3; i++) random();
  const { port, writes } = httpCases[below(random, httpCases.length)]!;
  let bytes = Buffer.concat(writes).subarray(0, 20_000);
  const wounds = 1 + below(random, 4);
  for (let i = 0; i < wounds && bytes.length > 0; i++) bytes = damage(random, bytes) as Buffer<ArrayBuffer>;
  const cut = below(random, bytes.length + 1);
  const pieces = random() < 0.5 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
  return { name: `drawn ${seed}:${index}`, port, writes: pieces, gapMs: 1 };
}
