/** Messages as WebSocket frames, read the way a server reads them. */
import { expect, test } from 'vitest';
import { audioText, maskedTextFrame, metadataText, participantId } from '../../../bench/load/message.ts';

/** What a server does with a frame (RFC 6455 section 5). */
function unmask(frame: Buffer): { first: number; isMasked: boolean; key: Buffer; text: string; rest: number } {
  const short = frame[1]! & 0x7f;
  const keyAt = short === 126 ? 4 : 2;
  const length = short === 126 ? frame.readUInt16BE(2) : short;
  const key = frame.subarray(keyAt, keyAt + 4);
  const payload = frame.subarray(keyAt + 4, keyAt + 4 + length).map((byte, i) => byte ^ key[i & 3]!);
  const rest = frame.length - keyAt - 4 - length;
  return { first: frame[0]!, isMasked: (frame[1]! & 0x80) !== 0, key, text: Buffer.from(payload).toString(), rest };
}

test.each([0, 1, 125, 126, 127, 1055, 65_535])('a message of %i bytes arrives as it was written', (length) => {
  const text = 'abcdefg'.repeat(Math.ceil(length / 7)).slice(0, length);
  const frame = unmask(maskedTextFrame(text));
  expect(frame).toMatchObject({ first: 0x81, isMasked: true, text, rest: 0 });
  expect(frame.key.includes(0), 'a zero in the key leaves bytes as they are').toBe(false);
});

test('characters beyond ASCII are counted in bytes', () => {
  expect(unmask(maskedTextFrame('grüße')).text).toBe('grüße');
});

test('a message that needs a longer header is refused', () => {
  expect(() => maskedTextFrame('x'.repeat(65_536))).toThrow('65536 bytes');
});

test('messages have the form of ACS', () => {
  const id = participantId(2);
  expect(JSON.parse(audioText(0, id, 'AAA='))).toEqual({
    kind: 'AudioData',
    audioData: { timestamp: '1970-01-01T00:00:00.000Z', participantRawID: id, data: 'AAA=', silent: false },
  });
  expect(JSON.parse(audioText(20, null, 'AAA=')).audioData).not.toHaveProperty('participantRawID');
  expect(JSON.parse(metadataText(3, 24_000)).audioMetadata).toMatchObject({ sampleRate: 24_000, length: 960 });
  expect(participantId(1)).not.toBe(participantId(2));
});
