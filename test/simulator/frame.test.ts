/** WebSocket frames of a client, read the way a server reads them. */
import { expect, test } from 'vitest';
import { clientFrame, opcode } from '../../src/simulator/frame.ts';

/** What a server does with a frame (RFC 6455 section 5). */
function unmask(frame: Buffer): { first: number; isMasked: boolean; key: Buffer; text: string; rest: number } {
  const short = frame[1]! & 0x7f;
  const keyAt = short === 127 ? 10 : short === 126 ? 4 : 2;
  const length = short === 127 ? Number(frame.readBigUInt64BE(2)) : short === 126 ? frame.readUInt16BE(2) : short;
  const key = frame.subarray(keyAt, keyAt + 4);
  const payload = frame.subarray(keyAt + 4, keyAt + 4 + length).map((byte, i) => byte ^ key[i & 3]!);
  const rest = frame.length - keyAt - 4 - length;
  return { first: frame[0]!, isMasked: (frame[1]! & 0x80) !== 0, key, text: Buffer.from(payload).toString(), rest };
}

test.each([0, 1, 125, 126, 127, 1055, 65_535, 65_536])('a message of %i bytes arrives as it was written', (length) => {
  const text = 'abcdefg'.repeat(Math.ceil(length / 7)).slice(0, length);
  const frame = unmask(clientFrame(opcode.text, text));
  expect(frame).toMatchObject({ first: 0x81, isMasked: true, text, rest: 0 });
  expect(frame.key.includes(0), 'a zero in the key leaves bytes as they are').toBe(false);
});

test('characters beyond ASCII are counted in bytes', () => {
  expect(unmask(clientFrame(opcode.text, 'grüße')).text).toBe('grüße');
});
