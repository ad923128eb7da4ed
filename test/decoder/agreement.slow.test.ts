/**
 * One meaning for every message: the scanner, the simdjson addon and JSON.parse must agree about everything that is valid
 * UTF-8, and with Microsoft's own parser wherever that has an opinion. What is compared stands in decoder-agreement.ts.
 */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { decoderNames } from '../../src/config/decoder-names.ts';
import { needs } from '../support/needs.ts';
import { seed, seeded } from '../support/seed.ts';
import { Agreement, contexts } from './agreement.ts';
import { almostPlainAudio, mutatedMessage, plainAudio } from './mutation.ts';
import { usableDecoders } from './rig.ts';
import { sample, sampleNames, wholePacketSample } from './samples.ts';

const agreement = new Agreement();
const startedMs = performance.now();

/** Messages that are altered at every byte: each way through the parsers, none of them long but the whole packet. */
const altered: readonly [string, Buffer][] = [
  ...[
    wholePacketSample,
    'in-audiodata-docs-2024-elided.json',
    'in-thirdparty-fixture-participantRawId.json',
    'in-audiometadata-jssdk-test.json',
  ].map((name): [string, Buffer] => [name, sample(name)]),
  [
    'audio with every kind of plain unknown field',
    Buffer.from(
      '{"v":0,"kind":"AudioData","t":true,"audioData":{"timestamp":"2024-11-15T19:16:12.925Z","n":null,' +
        '"data":"AAE=","x":120,"silent":true,"y":"z","participantId":null},"f":false}',
    ),
  ],
];
/** Bytes that mean something to JSON, to base64, to a scanner, or to nobody. */
const bytes = Buffer.from('"\\{}[],:/+-_=0eAz \n\0\x7f');

/** The context changes from message to message; every position meets each of them. */
let turn = 0;
function checkIfText(message: Uint8Array): void {
  if (isUtf8(message)) agreement.check(message, contexts[turn++ % contexts.length]!);
}

describe('the decoders agree, with each other and with the official parser', () => {
  // Skipped, and seen to be, where the optional addon could not be compiled: then two decoders are compared.
  it('all three of them', needs('simdjson addon'), () => {
    expect(usableDecoders).toEqual(decoderNames);
  });

  it.each(sampleNames)('about %s in every context', (name) => {
    for (const context of contexts) agreement.check(sample(name), context);
  });

  it.each(altered)('about %s, cut off at every byte', (_name, message) => {
    for (let length = 0; length < message.length; length++) checkIfText(message.subarray(0, length));
  });

  it.each(altered)('about %s with one byte deleted, replaced or inserted anywhere', (_name, message) => {
    for (let at = 0; at <= message.length; at++) {
      const [head, tail] = [message.subarray(0, at), message.subarray(at + 1)];
      checkIfText(Buffer.concat([head, tail]));
      for (let i = 0; i < bytes.length; i++) {
        const byte = bytes.subarray(i, i + 1);
        checkIfText(Buffer.concat([head, byte, tail]));
        checkIfText(Buffer.concat([head, byte, message.subarray(at)]));
      }
    }
  });

  it('about samples with anything done to them', () => {
    const property = fc.property(mutatedMessage, fc.constantFrom(...contexts), (text, context) => {
      agreement.check(Buffer.from(text), context);
    });
    fc.assert(property, seeded({ numRuns: 25_000 }));
  });

  it('about audio with one thing out of the ordinary', () => {
    const property = fc.property(almostPlainAudio, fc.constantFrom(...contexts), (text, context) => {
      agreement.check(Buffer.from(text), context);
    });
    fc.assert(property, seeded({ numRuns: 10_000 }));
  });

  it('about plain audio, which the scanner reads without help', () => {
    let messages = 0;
    let fallbacks = 0;
    const property = fc.property(plainAudio, fc.constantFrom('fresh', 'known', 'wide'), (text, context) => {
      const checked = agreement.check(Buffer.from(text), context);
      expect(checked.outcome).toBe('committed');
      messages++;
      fallbacks += checked.fallbacks;
    });
    fc.assert(property, seeded({ numRuns: 5_000 }));
    // Not all of it: where the last message had its data end, another string of this one may end by chance.
    expect(fallbacks / messages).toBeLessThan(0.01);
  });

  it('about a hundred thousand messages, of every kind', () => {
    expect(agreement.messages).toBeGreaterThan(100_000);
    for (const outcome of ['committed', 'control', 'ignored'] as const) {
      expect(agreement.outcomes.get(outcome), outcome).toBeGreaterThan(1000);
    }
    for (const reason of ['malformed_json', 'malformed_audio', 'unsupported_format', 'participant_limit'] as const) {
      expect(agreement.outcomes.get(`dropped: ${reason}`), reason).toBeGreaterThan(100);
    }
    expect(agreement.official).toBeGreaterThan(agreement.messages / 3);
  });

  afterAll(() => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.info(
      `${agreement.messages} messages, ${agreement.official} of them judged officially, in ${seconds} s; seed ${seed}`,
    );
    console.info(Object.fromEntries(agreement.outcomes));
  });
});
