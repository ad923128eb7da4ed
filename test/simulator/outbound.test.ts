/** What servers send to ACS, in every casing, and what is wrong with it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OutboundReader } from '../../src/simulator/outbound.ts';

const pcm = Buffer.from([1, 2, 3, 250]);
const data = pcm.toString('base64');

it.each([
  `{"Kind":"AudioData","AudioData":{"Data":"${data}"},"StopAudio":null}`,
  `{"kind":"AudioData","audioData":{"data":"${data}"}}`,
  `{"kind":"audioData","audioData":{"data":"${data}"},"stopAudio":null}`,
  `{"Kind":"audiodata","audioData":{"timestamp":null,"participant":null,"data":"${data}","silent":false}}`,
  `{"KIND":"AUDIODATA","AUDIODATA":{"DATA":"${data}"}}`,
  ` { "AudioData" : { "Data" : "${data}" , "Mark" : null } , "Kind" : "AudioData" } `,
])('reads the audio of %s', (text) => {
  const reader = new OutboundReader();
  expect(reader.read(text)).toBe('audio');
  expect(reader.pcm.subarray(0, reader.byteCount)).toEqual(pcm);
  expect(reader.markId).toBeNull();
});

it.each([
  '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}',
  '{"kind":"StopAudio","stopAudio":{}}',
  '{"kind":"stopAudio"}',
  `{"kind":"stopaudio","audioData":{"data":"${data}"}}`,
])('decides by kind: %s stops', (text) => {
  expect(new OutboundReader().read(text)).toBe('stop');
});

it('reads a mark, with audio and without', () => {
  const reader = new OutboundReader();
  expect(reader.read(`{"Kind":"AudioData","AudioData":{"Data":"${data}","Mark":{"Id":"m1"}}}`)).toBe('audio');
  expect([reader.byteCount, reader.markId]).toEqual([4, 'm1']);
  expect(reader.read('{"kind":"AudioData","audioData":{"data":"","mark":{"id":"m2"}}}')).toBe('audio');
  expect([reader.byteCount, reader.markId]).toEqual([0, 'm2']);
  expect(reader.read('{"kind":"StopAudio"}')).toBe('stop');
  expect(reader.markId).toBeNull();
});

const audio = (text: string) => `{"Kind":"AudioData","AudioData":{"Data":"${text}"}}`;

it.each<[string | null, string]>([
  [null, 'notJson'],
  ['', 'notJson'],
  ['{"Kind":"AudioData"', 'notJson'],
  ['[]', 'noKind'],
  ['null', 'noKind'],
  ['"AudioData"', 'noKind'],
  ['{"AudioData":{"Data":"AAA="}}', 'noKind'],
  ['{"Kind":1}', 'noKind'],
  ['{"Kind":"AudioMetadata"}', 'unknownKind'],
  ['{"Kind":"Mark"}', 'unknownKind'],
  ['{"Kind":"AudioData"}', 'badBase64'],
  ['{"Kind":"AudioData","AudioData":["AAA="]}', 'badBase64'],
  ['{"Kind":"AudioData","AudioData":{"Data":[0,0]}}', 'badBase64'],
  [audio(''), 'badBase64'],
  [audio('AAA'), 'badBase64'],
  [audio('AA=='.repeat(2)), 'badBase64'],
  [audio('AAB='), 'badBase64'],
  [audio('AA-_'), 'badBase64'],
  [audio('ŁAA='), 'badBase64'],
  [audio('AAAA'), 'oddLength'],
])('%s is broken: %s', (text, reason) => {
  const reader = new OutboundReader();
  expect(reader.read(text)).toBe(reason);
  expect(reader.byteCount).toBe(0);
});

it('takes whatever is sent without throwing, and audio only as it was', () => {
  const reader = new OutboundReader();
  const field = fc.constantFrom(
    'kind',
    'Kind',
    'AudioData',
    'audiodata',
    'data',
    'Mark',
    'id',
    '__proto__',
    'constructor',
  );
  const value = fc.oneof(fc.base64String(), fc.constantFrom('AudioData', 'StopAudio', null, 1, true), fc.string());
  const tree = fc.dictionary(field, fc.oneof(value, fc.dictionary(field, fc.oneof(value, fc.array(value)))));
  fc.assert(fc.property(tree, (message) => void reader.read(JSON.stringify(message))));
  fc.assert(fc.property(fc.string(), (text) => void reader.read(text)));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (bytes) => {
      const read = reader.read(audio(Buffer.from(bytes).toString('base64')));
      expect(read).toBe(bytes.length % 2 === 0 ? 'audio' : 'oddLength');
      if (read === 'audio') expect(Buffer.from(bytes).equals(reader.pcm.subarray(0, reader.byteCount))).toBe(true);
    }),
  );
});
