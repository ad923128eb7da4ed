/**
 * The floor: uWebSockets.js with a handler that only counts. Nothing that receives in JavaScript can be cheaper. With the
 * argument `echo` it sends every frame back, at once, as ACS wants to have it: its base64 as it came in a text that is kept.
 */
import { emptyBuckets } from '../histogram.ts';
import { answer } from '../ipc.ts';
import type { ServerCounts } from '../server.ts';
import { listen } from './front-end.ts';

interface Echo {
  send(message: Uint8Array, isBinary: boolean): unknown;
}

const audioHead = '{"Kind":"AudioData","AudioData":{"Data":"';
const audioTail = '"},"StopAudio":null}';

let messages = 0;
let streams = 0;

/** The first message of each stream is its metadata. */
function counts(): ServerCounts {
  const frames = messages - streams;
  return { frames, pcmBytes: null, dropped: 0, residence: emptyBuckets, digest: null, account: null };
}

function count(): void {
  messages++;
}

const before = Buffer.from('"data":"');
let reply = Buffer.alloc(0);
let replyAt = 0;

function echo(bytes: ArrayBuffer, socket: Echo): void {
  messages++;
  const message = Buffer.from(bytes);
  const found = message.indexOf(before);
  if (found < 0) return;
  const from = found + before.length;
  const to = message.indexOf(0x22, from);
  if (replyAt + to - from !== reply.length - audioTail.length) prepare(to - from);
  message.copy(reply, replyAt, from, to);
  socket.send(reply, false);
}

function prepare(base64Length: number): void {
  reply = Buffer.from(audioHead + 'A'.repeat(base64Length) + audioTail);
  replyAt = audioHead.length;
}

function opened(): void {
  streams++;
}

const take = process.argv[2] === 'echo' ? echo : count;
answer({ listen: () => listen(take, opened), counts });
