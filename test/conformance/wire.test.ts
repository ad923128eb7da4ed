/** Frames of servers taken apart, and messages for ACS judged: what is a fault, and what is not. */
import { describe, expect, test } from 'vitest';
import { outboundProblem } from '../../src/conformance/outbound.ts';
import { announcement, FrameReader, fragments } from '../../src/conformance/wire.ts';
import { clientFrame, opcode } from '../../src/simulator/frame.ts';

/** What a reader tells of these bytes, given in pieces of this size. */
function told(bytes: readonly number[] | Buffer, pieceBytes = 1 << 20): string[] {
  const seen: string[] = [];
  const reader = new FrameReader({
    message: (text, byteCount) => void seen.push(`message ${text ?? 'binary'} ${byteCount}`),
    ping: (payload) => void seen.push(`ping ${payload}`),
    pong: (payload) => void seen.push(`pong ${payload}`),
    close: (code) => void seen.push(`close ${code}`),
    fault: (what) => void seen.push(`fault: ${what}`),
  });
  const all = Buffer.from(bytes);
  for (let at = 0; at < all.length; at += pieceBytes) reader.take(all.subarray(at, at + pieceBytes));
  return seen;
}

const long = Buffer.concat([Buffer.from([0x82, 126, 0x01, 0x00]), Buffer.alloc(256)]);
const good = Buffer.concat([
  Buffer.from([0x81, 2, 0x68, 0x69, 0x89, 1, 0x78, 0x01, 1, 0x61, 0x8a, 0, 0x80, 1, 0x62]),
  long,
  Buffer.from([0x88, 2, 0x03, 0xe9]),
]);

test.for([1, 2, 3, 7, 1000])('a server may send all that, in pieces of %i bytes', (pieceBytes) => {
  expect(told(good, pieceBytes)).toEqual([
    'message hi 2',
    'ping x',
    'pong ',
    'message ab 2',
    'message binary 256',
    'close 1001',
  ]);
});

const faults: readonly (readonly [string, readonly number[], RegExp])[] = [
  ['a reserved bit', [0xc1, 0], /reserved bit/],
  ['a mask', [0x81, 0x80, 0, 0, 0, 0], /masked/],
  ['a reserved kind', [0x83, 0], /reserved kind 3/],
  ['a control frame in pieces', [0x09, 0], /control frame/],
  ['a control frame that is too long', [0x89, 126, 0, 126], /control frame/],
  ['a continuation of nothing', [0x80, 0], /do not belong together/],
  ['a new message within one', [0x01, 0, 0x81, 0], /do not belong together/],
  ['text that is not UTF-8', [0x81, 1, 0xff], /not UTF-8/],
  ['half a close code', [0x88, 1, 3], /half a code/],
  ['the close code 1006', [0x88, 2, 0x03, 0xee], /1006, which may not be sent/],
  ['a message that is too long', [0x81, 127, 0, 0, 0, 0, 0, 0x20, 0, 0], /more than 1048576 bytes/],
  [
    'fragments that are too long together',
    [0x01, 1, 0x61, 0x80, 127, 0, 0, 0, 0, 0, 0x10, 0, 0],
    /more than 1048576 bytes/,
  ],
];

test.for(faults)('%s is a fault, and nothing behind it is read', ([, bytes, fault]) => {
  const seen = told([...bytes, 0x81, 1, 0x61]);
  expect(seen.length).toBe(1);
  expect(seen[0]).toMatch(fault);
});

test('a close frame without a code is 1005', () => {
  expect(told([0x88, 0])).toEqual(['close 1005']);
});

describe('a client', () => {
  const text = (bytes: Buffer) => told(unmasked(bytes));

  /** As a server would read it: the mask taken off. */
  function unmasked(bytes: Buffer): Buffer {
    const short = bytes[1]! & 0x7f;
    const at = short < 126 ? 2 : short === 126 ? 4 : 10;
    expect(bytes[1]! & 0x80).toBe(0x80);
    const head = Buffer.from(bytes.subarray(0, at));
    head[1] = short;
    return Buffer.concat([head, bytes.subarray(at + 4).map((byte, i) => byte ^ bytes[at + (i & 3)]!)]);
  }

  test.for([0, 5, 125, 126, 65_535, 65_536])('frames and masks a message of %i bytes', (length) => {
    const message = 'x'.repeat(length);
    expect(text(clientFrame(opcode.text, message))).toEqual([`message ${message} ${length}`]);
  });

  test('sends one message in fragments', () => {
    const whole = Buffer.concat(fragments(['a', '', 'b']).map(unmasked));
    expect(told(whole)).toEqual(['message ab 2']);
  });

  test('announces a message with nothing behind it', () => {
    expect(announcement(64 * 2 ** 20).toString('hex')).toMatch(/^81ff0000000004000000/);
  });
});

const outbound: readonly (readonly [string | null, string | null])[] = [
  ['{"Kind":"AudioData","AudioData":{"Data":"AAA="},"StopAudio":null}', null],
  ['{"kind":"audioData","audioData":{"data":"AAA="}}', null],
  ['{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}', null],
  ['{"Kind":"AudioData","AudioData":{"Data":"AAAA"}}', 'audio that is not base64 of 16-bit samples'],
  ['{"Kind":"AudioData","AudioData":{"Data":"*AA="}}', 'audio that is not base64 of 16-bit samples'],
  ['{"Kind":"AudioData"}', 'audio that is not base64 of 16-bit samples'],
  ['{"Kind":"Mark"}', 'a message of a kind that is not documented'],
  ['{}', 'a message without a kind'],
  ['null', 'a message without a kind'],
  ['[]', 'a message without a kind'],
  ['hello', 'a text that is no JSON'],
  [null, 'a binary message'],
];

test.for(outbound)('%s sent to ACS: %s', ([message, problem]) => {
  expect(outboundProblem(message)).toBe(problem);
});
