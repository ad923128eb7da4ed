/** Messages as ACS writes them, and PCM whose every sample says where it belongs. */

/** `bytes` of 16-bit little-endian PCM: sample i is `first + i`, so that a frame out of place shows. */
export function pcm(bytes: number, first = 0): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let i = 0; i + 2 <= bytes; i += 2) buffer.writeInt16LE((((first + i / 2) & 0xffff) << 16) >> 16, i);
  return buffer;
}

/** 20 ms of silence-free PCM at 16 kHz, in base64. */
export const frame16k = pcm(640, 1).toString('base64');

/** The time of the first message in most tests. */
export const startMs = Date.parse('2024-11-15T19:16:12.925Z');

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** An `AudioData` message; a field that is undefined is left out. */
export function audio(
  fields: { data?: unknown; timestamp?: unknown; silent?: unknown; [field: string]: unknown } = {},
): string {
  const { data = frame16k, timestamp = iso(startMs), silent = false, ...rest } = fields;
  return JSON.stringify({ kind: 'AudioData', audioData: { timestamp, ...rest, data, silent } });
}

/** The same with exactly these fields in its payload. */
export function audioOf(payload: unknown): string {
  return JSON.stringify({ kind: 'AudioData', audioData: payload });
}

export function metadata(fields: Record<string, unknown> = {}): string {
  const audioMetadata = { subscriptionId: 'sub', encoding: 'PCM', sampleRate: 16_000, channels: 1, length: 640 };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata: { ...audioMetadata, ...fields } });
}
