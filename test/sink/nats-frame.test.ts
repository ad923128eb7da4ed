/** Messages of the sink `nats`: what is put into them comes out of them, read by the documentation alone. */
import { headers as emptyHeaders } from '@nats-io/transport-node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frameFlag } from '../../src/memory/states.ts';
import { Frame } from '../../src/ring/frame.ts';
import { batchHeaders, frameHeaders, putRecord, recordBytesMax } from '../../src/sink/nats/nats-frame.ts';
import { audioOf, type HeardFrame } from '../nats/message.ts';
import { seeded } from '../support/seed.ts';

interface Said {
  readonly pcmSamples: number;
  readonly byte: number;
  readonly timestampMs: number;
  readonly missingBefore: number;
  readonly position: number;
  readonly silent: boolean;
  readonly duplicate: boolean;
  readonly late: boolean;
  readonly resumed: boolean;
}

const said: fc.Arbitrary<Said> = fc.record({
  pcmSamples: fc.integer({ min: 0, max: 480 }),
  byte: fc.nat(255),
  timestampMs: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 1, max: 4e12 })),
  missingBefore: fc.nat(100_000),
  position: fc.integer({ min: -1e6, max: 1e12 }),
  silent: fc.boolean(),
  duplicate: fc.boolean(),
  late: fc.boolean(),
  resumed: fc.boolean(),
});

function frameOf(sequence: number, { pcmSamples, byte, timestampMs, missingBefore, position, ...is }: Said): Frame {
  const frame = new Frame();
  frame.sequence = sequence;
  frame.pcmBytes = 2 * pcmSamples;
  // What was in the buffer before must not come with it.
  frame.pcm.fill(byte ^ 255);
  frame.pcm.fill(byte, 0, frame.pcmBytes);
  Object.assign(frame, { timestampMs, missingBefore, positionSamples: position });
  for (const name of ['silent', 'duplicate', 'late', 'resumed'] as const) if (is[name]) frame.flags |= frameFlag[name];
  return frame;
}

function expected(sequence: number, { pcmSamples, byte, timestampMs, position, ...facts }: Said): HeardFrame {
  const timestamp = Number.isNaN(timestampMs) ? null : new Date(timestampMs).toISOString();
  return { sequence, ...facts, timestamp, position, pcm: new Uint8Array(2 * pcmSamples).fill(byte) };
}

function headersOf(fields: readonly (readonly [string, string])[]) {
  const headers = emptyHeaders();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}

it('a message with one frame says what the frame says', () => {
  const property = fc.property(said, fc.nat(0x7fff_ffff), (facts, sequence) => {
    const frame = frameOf(sequence, facts);
    const headers = headersOf(frameHeaders(frame, 'track', 24_000));
    const data = frame.pcm.subarray(0, frame.pcmBytes);
    const heard = audioOf({ subject: 's', headers, data: new Uint8Array(data) });
    expect(heard).toEqual({ track: 'track', sampleRate: 24_000, frames: [expected(sequence, facts)] });
  });
  fc.assert(property, seeded({ numRuns: 300 }));
});

it('a message with several frames says the same of each, whatever their lengths', () => {
  const property = fc.property(fc.array(said, { minLength: 2, maxLength: 50 }), fc.nat(1e6), (many, first) => {
    const target = Buffer.alloc(many.length * recordBytesMax, 0xee);
    let bytes = 0;
    for (const [n, facts] of many.entries()) bytes += putRecord(target, bytes, frameOf(first + n, facts));
    const headers = headersOf(batchHeaders('track', 16_000, first, many.length));
    const heard = audioOf({ subject: 's', headers, data: new Uint8Array(target.subarray(0, bytes)) });
    const frames = many.map((facts, n) => expected(first + n, facts));
    expect(heard).toEqual({ track: 'track', sampleRate: 16_000, frames });
  });
  fc.assert(property, seeded({ numRuns: 100 }));
});
