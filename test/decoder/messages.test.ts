/** What a message counts as, row by row, for every decoder; and that none of them harms the stream that it came in. */
import { describe, expect, it } from 'vitest';
import { frameFlag } from '../../src/memory/states.ts';
import { audio, audioOf, metadata } from './messages.ts';
import { DecoderRig, type OutcomeText, usableDecoders } from './rig.ts';

type Row = readonly [what: string, message: string, outcome: OutcomeText];

const noObject: readonly Row[] = [
  ['an empty text', '', 'dropped: malformed_json'],
  ['white space', ' \r\n\t', 'dropped: malformed_json'],
  ['no JSON', 'hello', 'dropped: malformed_json'],
  ['half a message', audio().slice(0, -1), 'dropped: malformed_json'],
  ['two messages in one', audio() + audio(), 'dropped: malformed_json'],
  ['a message with a NUL behind it', `${audio()}\0`, 'dropped: malformed_json'],
  ['a message with a comma too many', audio().replace('}}', ',}}'), 'dropped: malformed_json'],
  ['a message in single quotes', audio().replaceAll('"', "'"), 'dropped: malformed_json'],
  ['a comment', `/* */${audio()}`, 'dropped: malformed_json'],
  ['null', 'null', 'dropped: malformed_json'],
  ['a number', '7', 'dropped: malformed_json'],
  ['a string', '"AudioData"', 'dropped: malformed_json'],
  ['an array of messages', `[${audio()}]`, 'dropped: malformed_json'],
  ['an empty object', '{}', 'dropped: malformed_json'],
];

const noKind: readonly Row[] = [
  ['no kind', JSON.stringify({ audioData: { data: 'AAAA' } }), 'dropped: malformed_json'],
  ['a kind that is null', '{"kind":null}', 'dropped: malformed_json'],
  ['a kind that is a number', '{"kind":1}', 'dropped: malformed_json'],
  ['a kind that is an object', '{"kind":{}}', 'dropped: malformed_json'],
  ['a kind under another capitalisation', audio().replace('"kind"', '"Kind"'), 'dropped: malformed_json'],
  ['a kind that only the prototype would have', '{"__proto__":{"kind":"DtmfData"}}', 'dropped: malformed_json'],
  ['a key that only begins like kind', '{"kind\\u0000x":"DtmfData"}', 'dropped: malformed_json'],
];

const noPayload: readonly Row[] = [
  ['AudioData without a payload', '{"kind":"AudioData"}', 'dropped: malformed_json'],
  ['AudioData whose payload is null', '{"kind":"AudioData","audioData":null}', 'dropped: malformed_json'],
  ['AudioData whose payload is a string', '{"kind":"AudioData","audioData":"AAAA"}', 'dropped: malformed_json'],
  ['AudioData whose payload is an array', '{"kind":"AudioData","audioData":[]}', 'dropped: malformed_json'],
  ['AudioMetadata without a payload', '{"kind":"AudioMetadata"}', 'dropped: malformed_json'],
  ['AudioMetadata whose payload is null', '{"kind":"AudioMetadata","audioMetadata":null}', 'dropped: malformed_json'],
];

const badAudio: readonly Row[] = [
  ['no data', audioOf({ silent: false }), 'dropped: malformed_audio'],
  ['an empty payload', audioOf({}), 'dropped: malformed_audio'],
  ['data that is null', audio({ data: null }), 'dropped: malformed_audio'],
  ['empty data', audio({ data: '' }), 'dropped: malformed_audio'],
  ['empty data and a silent that is no boolean', audio({ data: '', silent: 'true' }), 'dropped: malformed_audio'],
  ['data that is a number', audio({ data: 0 }), 'dropped: malformed_audio'],
  ['data that is an array', audio({ data: ['AAAA'] }), 'dropped: malformed_audio'],
  ['data that is an object, though silent', audio({ data: {}, silent: true }), 'dropped: malformed_audio'],
  ['one byte', audio({ data: 'AA==' }), 'dropped: malformed_audio'],
  ['three bytes', audio({ data: 'AAAA' }), 'dropped: malformed_audio'],
  ['data without its padding', audio({ data: 'AAA' }), 'dropped: malformed_audio'],
  ['data with a line end', audio({ data: 'AAAA\nAAAA' }), 'dropped: malformed_audio'],
  ['data in the URL-safe alphabet', audio({ data: '-_-_-_-_' }), 'dropped: malformed_audio'],
  ['data with bits behind its end', audio({ data: 'AAB=' }), 'dropped: malformed_audio'],
  [
    'data with letters whose low byte is in the alphabet',
    audio({ data: 'AAA\u0141AAA\u0141' }),
    'dropped: malformed_audio',
  ],
];

const badFormat: readonly Row[] = [
  ['a rate of 8000', metadata({ sampleRate: 8000 }), 'dropped: unsupported_format'],
  ['a rate of 48000', metadata({ sampleRate: 48_000 }), 'dropped: unsupported_format'],
  ['a rate that is a string', metadata({ sampleRate: '16000' }), 'dropped: unsupported_format'],
  ['two channels', metadata({ channels: 2 }), 'dropped: unsupported_format'],
  ['no channel', metadata({ channels: 0 }), 'dropped: unsupported_format'],
  ['another encoding', metadata({ encoding: 'OPUS' }), 'dropped: unsupported_format'],
  ['an encoding that is empty', metadata({ encoding: '' }), 'dropped: unsupported_format'],
  ['an encoding that is no string', metadata({ encoding: 1 }), 'dropped: unsupported_format'],
];

const wellFormed: readonly Row[] = [
  ['audio', audio(), 'committed'],
  ['audio behind a byte order mark', `\uFEFF${audio()}`, 'committed'],
  ['audio with its keys and its data escaped', audio().replace('"data"', '"\\u0064ata"'), 'committed'],
  ['audio whose kind is escaped', audio().replace('AudioData"', 'Audio\\u0044ata"'), 'committed'],
  ['audio whose slashes are escaped', audio({ data: '////' + '////' }).replaceAll('/', '\\/'), 'committed'],
  ['audio whose payload comes first', JSON.stringify({ audioData: { data: 'AAA=' }, kind: 'AudioData' }), 'committed'],
  ['audio with fields that nobody knows', audio({ x: { y: [1, { z: null }] } }), 'committed'],
  ['silent audio without data', audioOf({ silent: true }), 'committed'],
  ['metadata at 16 kHz', metadata(), 'control'],
  ['metadata at 24 kHz with the wrong length', metadata({ sampleRate: 24_000, length: 640 }), 'control'],
  ['metadata whose encoding is in lower case', metadata({ encoding: 'pcm' }), 'control'],
  ['metadata that says no more than it must', '{"kind":"AudioMetadata","audioMetadata":{}}', 'control'],
  ['a rate written as a fraction', metadata().replace('16000', '1.6e4'), 'control'],
  ['a DTMF digit', '{"kind":"DtmfData","dtmfData":{"data":"5"}}', 'control'],
  ['DTMF without a digit', '{"kind":"DtmfData"}', 'control'],
  ['a kind that nobody knows', '{"kind":"MarkData","markData":{"id":"1"}}', 'ignored'],
  ['a transcription', '{"kind":"TranscriptionData","transcriptionData":{"text":"hello"}}', 'ignored'],
  ['an empty kind', '{"kind":""}', 'ignored'],
  ['a kind in the wrong case', audio().replace('"AudioData"', '"audiodata"'), 'ignored'],
];

describe.each(usableDecoders)('under --decoder %s', (decoder) => {
  it.each([...noObject, ...noKind, ...noPayload, ...badAudio, ...badFormat, ...wellFormed])(
    'counts %s as it should',
    (_what, message, outcome) => {
      expect(new DecoderRig({ decoder }).feed(message)).toBe(outcome);
    },
  );

  it.each([...noObject, ...noKind, ...noPayload, ...badAudio])('commits audio after %s', (_what, message) => {
    const rig = new DecoderRig({ decoder });
    rig.feed(message);
    expect(rig.feed(audio())).toBe('committed');
    expect(rig.frames()).toHaveLength(1);
  });

  it('takes the last of two equal keys, as JSON.parse does', () => {
    const rig = new DecoderRig({ decoder });
    expect(rig.feed('{"kind":"AudioData","audioData":{"data":"AAE=","data":"AAI="},"kind":"AudioData"}')).toBe(
      'committed',
    );
    expect(rig.frames()[0]!.pcm).toEqual(Buffer.from([0, 2]));
    expect(rig.feed('{"kind":"AudioData","audioData":{"data":"AAE="},"kind":"DtmfData"}')).toBe('control');
  });

  it('forgets what the first of two equal keys said', () => {
    const rig = new DecoderRig({ decoder });
    rig.feed('{"kind":"AudioData","audioData":{"data":"AAE=","silent":true,"silent":false}}');
    rig.feed('{"kind":"AudioData","audioData":{"data":"AAE=","participantRawID":"a","participantRawID":null}}');
    expect(rig.frames()).toMatchObject([{ flags: frameFlag.partial }, {}]);
    expect(rig.ids()).toEqual(['']);
  });

  it('finds the end of the data where it is, not where the last message had it', () => {
    const rig = new DecoderRig({ decoder });
    expect(rig.feed(audioOf({ data: 'AAAAAAAAAAA=' }))).toBe('committed');
    // Twelve characters after the beginning of this data a string ends too, but it is the next one.
    expect(rig.feed('{"kind":"AudioData","audioData":{"data":"AAE=","x":"y","silent":true}}')).toBe('committed');
    expect(rig.frames()[1]!.pcm).toEqual(Buffer.from([0, 1]));
  });
});
