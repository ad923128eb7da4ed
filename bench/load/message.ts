/** What ACS sends, as whole WebSocket frames (RFC 6455 section 5.2) that need nothing but to be written. Pure. */
import { frameBytes } from '../../src/base/limits.ts';

const finalText = 0x81;
const masked = 0x80;
const with16Bits = 126;
const payloadBytesMax = 0xffff;
/** Any key but zero, so that every server really has to unmask. */
const maskKey = [0x5a, 0xc3, 0x17, 0xe8] as const;

export function maskedTextFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  if (length > payloadBytesMax) throw new Error(`a message of ${length} bytes does not fit a 16-bit length`);
  const isShort = length < with16Bits;
  const headerBytes = (isShort ? 2 : 4) + maskKey.length;
  const frame = Buffer.alloc(headerBytes + length);
  frame[0] = finalText;
  frame[1] = masked | (isShort ? length : with16Bits);
  if (!isShort) frame.writeUInt16BE(length, 2);
  frame.set(maskKey, headerBytes - maskKey.length);
  frame.write(text, headerBytes);
  for (let i = 0; i < length; i++) frame[headerBytes + i]! ^= maskKey[i & 3]!;
  return frame;
}

export function metadataText(streamIndex: number, sampleRate: number): string {
  const subscriptionId = `89e8cb59-b991-48b0-b154-${streamIndex.toString(16).padStart(12, '0')}`;
  const length = frameBytes(sampleRate);
  const audioMetadata = { subscriptionId, encoding: 'PCM', sampleRate, channels: 1, length };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata });
}

export function participantId(participant: number): string {
  const tail = participant.toString(16).padStart(12, '0');
  return `8:acs:8a8f5a3c-8e0f-4a47-9e4c-3a5b0a1e0001_00000024-5b1b-4ea7-28f4-${tail}`;
}

/** `participant` null: the mixed stream, whose messages name nobody. */
export function audioText(timestampMs: number, participant: string | null, data: string): string {
  const timestamp = new Date(timestampMs).toISOString();
  const who = participant === null ? {} : { participantRawID: participant };
  return JSON.stringify({ kind: 'AudioData', audioData: { timestamp, ...who, data, silent: false } });
}
