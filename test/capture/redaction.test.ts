/** What is left of a call in a redacted capture: when, how long, what kind, right or wrong. Not who, and not what. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordKind } from '../../src/capture/format.ts';
import { Redactor } from '../../src/capture/redaction.ts';
import { malformedKinds } from '../../src/simulator/malformed.ts';
import { almostPlainAudio, mutatedMessage, plainAudio } from '../decoder/mutation.ts';
import { DecoderRig, usableDecoders } from '../decoder/rig.ts';

const key = Buffer.alloc(32, 7);
const person = '8:acs:3d20e1de-0f28-41c5-84a0-4960fde5f411_0000000b-faeb-c708-99bf-a43a0d0036b0';
const phone = '4:+15550100123';
const callId = 'b7cd3f47-7d2d-4a1c-8e53-1f0a6a54a001';
const voice = Buffer.from(Array.from({ length: 640 }, (_, i) => (i * 37 + (i >> 3)) & 0xff));

function text(message: string | Buffer, redactor = new Redactor(key)): string {
  const bytes = Buffer.from(message);
  const { body } = redactor.apply(recordKind.text, bytes);
  expect(body.length).toBe(bytes.length);
  return Buffer.from(body).toString();
}

function audio(fields: Record<string, unknown>): string {
  const timestamp = '2026-01-01T00:00:00.020Z';
  return JSON.stringify({ kind: 'AudioData', audioData: { timestamp, data: voice.toString('base64'), ...fields } });
}

/** What a gateway counts the message as, in a stream of its own. */
function outcome(message: string | Buffer): string {
  const rig = new DecoderRig({ decoder: usableDecoders[0]! });
  return rig.feed(Buffer.from(message));
}

describe('an audio message', () => {
  it('keeps its timestamp, its flags and the length of everything, and nothing of the voice', () => {
    const made = JSON.parse(text(audio({ participantRawID: person, silent: false })));
    expect(made.audioData).toMatchObject({ timestamp: '2026-01-01T00:00:00.020Z', silent: false });
    const noise = Buffer.from(made.audioData.data, 'base64');
    expect(noise.length).toBe(640);
    const samples = new Set(Array.from({ length: 320 }, (_, i) => voice.readInt16LE(i * 2)));
    const kept = Array.from({ length: 320 }, (_, i) => noise.readInt16LE(i * 2)).filter((sample) =>
      samples.has(sample),
    );
    expect(kept.length).toBeLessThan(20);
    expect(Array.from({ length: 320 }, (_, i) => noise[i] === voice[i]).filter(Boolean).length).toBeLessThan(20);
  });

  it('has the same noise for the same audio, or a frame that comes twice would be two; which, only the key tells', () => {
    const redactor = new Redactor(key);
    const noiseOf = (message: string, by = redactor): string => JSON.parse(text(message, by)).audioData.data;
    const first = noiseOf(audio({}));
    const quiet = audio({ data: Buffer.alloc(640, 1).toString('base64') });
    expect(noiseOf(quiet)).not.toBe(first);
    expect(noiseOf(audio({}))).toBe(first);
    expect(noiseOf(audio({}), new Redactor(key))).toBe(first);
    expect(noiseOf(audio({}), new Redactor(Buffer.alloc(32, 8)))).not.toBe(first);
  });

  it('has noise that is as loud whatever was said', () => {
    const loudest = (fill: number) => {
      const made = JSON.parse(text(audio({ data: Buffer.alloc(640, fill).toString('base64') })));
      const noise = Buffer.from(made.audioData.data, 'base64');
      return Math.max(...Array.from({ length: 320 }, (_, i) => Math.abs(noise.readInt16LE(2 * i))));
    };
    for (const fill of [1, 60, 120]) expect(loudest(fill)).toBeGreaterThan(300);
    for (const fill of [1, 60, 120]) expect(loudest(fill)).toBeLessThan(400);
  });

  it('stays digital silence where ACS says so, and only there', () => {
    const zeros = Buffer.alloc(640).toString('base64');
    expect(JSON.parse(text(audio({ data: zeros, silent: true }))).audioData.data).toBe(zeros);
    expect(JSON.parse(text(audio({ data: zeros, silent: false }))).audioData.data).not.toBe(zeros);
    expect(JSON.parse(text(audio({ silent: true }))).audioData.data).not.toBe(voice.toString('base64'));
  });
});

describe('ids', () => {
  it('get made-up ones of the same form and length, the same everywhere', () => {
    const redactor = new Redactor(key);
    const id = (message: string) => JSON.parse(text(message, redactor)).audioData;
    const made = id(audio({ participantRawID: person })).participantRawID as string;
    expect(made).toMatch(/^8:acs:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(made).not.toBe(person);
    expect(id(audio({ participantRawID: person })).participantRawID).toBe(made);
    expect(id(audio({ participantId: person })).participantId).toBe(made);
    expect(id(audio({ participantRawID: phone })).participantRawID).toMatch(/^4:\+\d{11}$/);
    const opening = {
      at: 1,
      stream: 's-1',
      path: '/audio/***',
      address: '192.0.2.17',
      headers: { 'x-ms-call-connection-id': callId },
    };
    const opened = JSON.parse(
      Buffer.from(redactor.apply(recordKind.open, Buffer.from(JSON.stringify(opening))).body).toString(),
    );
    expect(opened.headers['x-ms-call-connection-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(opened.address).toMatch(/^[12]{3}\.[12]\.[12]\.[12]{2}$/);
    expect(JSON.stringify(opened)).not.toContain(callId);
    expect(id(JSON.stringify({ audioData: { callConnectionId: callId } })).callConnectionId).toBe(
      opened.headers['x-ms-call-connection-id'],
    );
  });

  it('stay different, however short they are', () => {
    const redactor = new Redactor(key);
    const ids = Array.from('abcdefghijklmnopqrst');
    const made = ids.map(
      (id) => JSON.parse(text(audio({ participantRawID: id }), redactor)).audioData.participantRawID,
    );
    expect(new Set(made).size).toBe(ids.length);
  });

  it('cannot be found by trying, without the key of that one run', () => {
    const made = (seed: number) =>
      JSON.parse(text(audio({ participantRawID: phone }), new Redactor(Buffer.alloc(32, seed))));
    expect(made(1).audioData.participantRawID).not.toBe(made(2).audioData.participantRawID);
  });
});

const secrets = ['15550100123', '3d20e1de', '0000000b-faeb', 'b7cd3f47', '8675309', 'Anna', 'Müller', 'a43a0d0036b0'];
const hostile: readonly (readonly [what: string, message: string])[] = [
  ['a pressed key', '{"kind":"DtmfData","dtmfData":{"data":"8675309","participantRawID":"4:+15550100123"}}'],
  ['keys in other fields', '{"kind":"DtmfData","dtmfData":{"data":"1","tone":8675309,"tones":["8675309",8675309]}}'],
  ['an id in an unknown field', audio({ speaker: person, from: { number: phone, digits: [15550100123] } })],
  ['an id as a key', `{"kind":"AudioData","${person}":{"Anna Müller":"15550100123"},"audioData":null}`],
  ['an id as kind', `{"kind":"${phone}","Anna":{"x":true}}`],
  ['an id as timestamp', audio({ timestamp: '4:+15550100123 Anna Müller' })],
  ['an id as audio', audio({ data: person })],
  [
    'a number that is a phone number',
    '{"kind":"AudioMetadata","audioMetadata":{"sampleRate":15550100123,"channels":8675309}}',
  ],
  ['a known key where it means nothing', '{"kind":"Anna","data":"Anna","timestamp":"15550100123","id":"8675309"}'],
  ['an id with escapes', audio({ participantRawID: phone }).replace('4:+', '\\u0034:\\u002b')],
  ['a name with escapes', '{"kind":"x","name":"\\u0041nna M\\u00fcller, Anna"}'],
  ['no JSON', `${audio({ participantRawID: person })}x`],
  ['a text cut short', audio({ participantRawID: phone }).slice(0, -3)],
  ['text only', `"${person}"`],
  ['a list', `["${phone}", 8675309, {"Anna":"Anna"}]`],
  [
    'a text in a transcription',
    '{"kind":"TranscriptionData","transcriptionData":{"text":"Anna 8675309","id":"8675309"}}',
  ],
  [
    'the same key twice',
    `{"kind":"DtmfData","kind":"Anna","dtmfData":{"data":"8675309"},"dtmfData":{"data":"15550100123"}}`,
  ],
  ['a very deep value', `${'{"Anna":'.repeat(3000)}"8675309"${'}'.repeat(3000)}`],
  ['a byte order mark', `\uFEFF${audio({ participantRawID: phone })}`],
];

describe('nothing of an id, a digit or a name survives', () => {
  it.each(hostile)('in %s', (what, message) => {
    const made = text(message);
    for (const secret of secrets) expect(made, secret).not.toContain(secret);
    // Deeper than the limit counts as unreadable; see docs/capture.md.
    if (what !== 'a very deep value') expect(outcome(made)).toBe(outcome(message));
  });

  it('in a binary message, nor in what is no JSON: marked, and as long as it was', () => {
    const redactor = new Redactor(key);
    for (const [kind, body] of [
      [recordKind.binary, person],
      [recordKind.text, `${person} is no JSON`],
    ] as const) {
      const made = redactor.apply(kind, Buffer.from(body));
      expect(made).toEqual({ body: Buffer.alloc(body.length, '#'), isReplaced: true });
    }
  });

  it('in any message that the decoders are tested with: no run of eight characters is the same', () => {
    const harmless =
      /AudioMetadata|AudioData|audioMetadata|audioData|DtmfData|dtmfData|participantRawI[dD]|participantId|subscriptionId|timestamp|sampleRate|encoding|channels|[tT]ranscription(Meta)?[dD]ata|MarkData|markData|StopAudio|stopAudio|callConnectionId|correlationId|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?/g;
    fc.assert(
      fc.property(fc.oneof(mutatedMessage, plainAudio, almostPlainAudio), (message) => {
        const original = message.replace(harmless, ' ');
        const pieces = new Set(Array.from({ length: original.length }, (_, at) => original.slice(at, at + 8)));
        for (const [run] of text(message)
          .replace(harmless, ' ')
          .matchAll(/[A-Za-z0-9+/]{8,}/g)) {
          for (let at = 0; at + 8 <= run.length; at++) {
            const piece = run.slice(at, at + 8);
            // xxxxxxxx, 99999999, AAAAAAAA: masks, and silence.
            if (/^(.)\1*$/.test(piece)) continue;
            if (pieces.has(piece)) expect.fail(`${piece} survives in ${message}`);
          }
        }
      }),
      { numRuns: 800 },
    );
  });
});

describe('a gateway counts a redacted message as it counts the original', () => {
  it('for whatever the decoders are tested with', () => {
    fc.assert(
      fc.property(fc.oneof(mutatedMessage, plainAudio, almostPlainAudio), (message) => {
        fc.pre(!message.includes('['.repeat(900)) && !message.includes('{"a":'.repeat(900)));
        expect(outcome(text(message)), message).toBe(outcome(message));
      }),
      { numRuns: 800 },
    );
  });

  it.each(malformedKinds.filter(({ binary }) => !binary))('for the malformed kind $name', ({ build }) => {
    const message = build({ participantId: person, timestamp: '2026-01-01T00:00:00.000Z', frameBytes: 640 });
    expect(outcome(text(message))).toBe(outcome(message));
  });
});
