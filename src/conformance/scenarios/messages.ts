/** Messages that ACS may send, although no example shows them. Main thread. Each row is one scenario. */
import { tone } from '../call.ts';
import type { Scenario } from '../scenario.ts';
import { audio, json, provoking, text } from './provoke.ts';

const metadata24k = {
  kind: 'AudioMetadata',
  audioMetadata: { subscriptionId: 'again', encoding: 'PCM', sampleRate: 24_000, channels: 1, length: 640 },
};
const packetBytes = 65_536;

export const messages: readonly Scenario[] = [
  provoking({
    name: 'audio-before-metadata',
    does: 'audio before AudioMetadata, or none of it at all',
    must: 'the call continues: 16 kHz mono PCM is the documented default',
    source: 'inferred',
    matters: 'other media gateways meet it in one call of ten under load: those calls would be lost',
    remedy: 'start with 16 kHz mono and correct yourself when metadata comes',
    call: { withMetadata: false },
    provocations: [
      { name: 'five frames before any metadata', send: (call) => call.speak(5) },
      { name: 'metadata after audio', send: (call) => call.metadata() },
    ],
  }),
  provoking({
    name: 'metadata-again',
    does: 'a second AudioMetadata in the same connection, also with another rate, as after a stop and start',
    must: 'the call continues',
    source: 'inferred',
    matters: 'a call application may stop and start streaming; it is not documented that the socket is a new one',
    remedy: 'let metadata restart the decoding of its connection',
    provocations: [
      { name: 'the same metadata again', send: (call) => call.metadata() },
      json('another rate', metadata24k),
    ],
  }),
  provoking({
    name: 'unknown-kinds',
    does: 'messages of a kind that the server cannot know: MarkData, transcription, one of the future',
    must: 'they are ignored',
    source: 'official code',
    matters:
      "kinds are added (a .NET beta has MarkData), and Microsoft's own JavaScript and .NET parsers throw on unknown ones",
    remedy: 'catch what the parser throws, per message; look at the kind before you parse',
    provocations: [
      json('MarkData', { kind: 'MarkData', markData: { id: 'mark-1', status: 'Completed' } }),
      json('TranscriptionMetadata', { kind: 'TranscriptionMetadata', transcriptionMetadata: { subscriptionId: 'x' } }),
      json('TranscriptionData', { kind: 'TranscriptionData', transcriptionData: { text: 'hello', format: 'display' } }),
      json('a kind of the future', { kind: 'VideoData', videoData: { data: 'AAAA' } }),
    ],
  }),
  provoking({
    name: 'unknown-fields',
    does: 'known messages with more fields, in another order, with white space',
    must: 'the call continues',
    source: 'observed',
    matters: 'captures and documentation already differ in order and fields',
    remedy: 'read fields by name with a JSON parser; do not validate against a closed schema',
    provocations: [
      audio('more fields in the audio', { sequence: 1, codec: { name: 'pcm', version: 2 }, tags: ['a', null] }),
      { name: 'more fields around', send: (call) => call.link.send(reordered(call.timestamp(), call.data)) },
      { name: 'white space', send: (call) => call.link.send(spaced(call.timestamp(), call.data)) },
      json('metadata with more fields', {
        ...metadata24k,
        version: '2',
        audioMetadata: { ...metadata24k.audioMetadata, codec: 'L16' },
      }),
    ],
  }),
  provoking({
    name: 'participant-null',
    does: 'mixed audio with participantRawID null, "" and absent, and the two spellings seen elsewhere',
    must: 'the call continues; all three mean mixed',
    source: 'documented',
    matters:
      "the documentation says null, captures have no such field, and Microsoft's JavaScript parser throws on null",
    remedy: 'test for a non-empty text before you use the id',
    provocations: [
      audio('null', { participantRawID: null }),
      audio('""', { participantRawID: '' }),
      audio('absent', {}),
      audio('participantRawId', { participantRawId: '4:+15550100' }),
      audio('participantId', { participantId: '4:+15550100' }),
    ],
  }),
  provoking({
    name: 'big-packet',
    does: 'one message with 64 KiB of PCM (87 KB of text)',
    must: 'the call continues',
    source: 'documented',
    matters: 'documentation before 2024 announces packets of 64 KB; a limit below closes the call with 1009',
    remedy: 'allow messages of 128 KiB; compute the duration from the bytes',
    isBeside: true,
    provocations: [audio('64 KiB of PCM', { data: tone(packetBytes) })],
  }),
  provoking({
    name: 'silence',
    does: 'silent frames with data, with empty data, with null and without; the flag absent and null',
    must: 'the call continues',
    source: 'official code',
    matters: 'ACS flags silence with silent: true; whether it then sends data is documented nowhere',
    remedy: 'without data put 20 ms of zeros there; do not drop silence, it is the time base',
    provocations: [
      { name: 'silent with data', send: (call) => call.audio({ silent: true }) },
      audio('silent, data ""', { silent: true, data: '' }),
      audio('silent, data null', { silent: true, data: null }),
      audio('silent, no data', { silent: true, data: undefined }),
      audio('no flag', { silent: undefined }),
      audio('flag null', { silent: null }),
    ],
  }),
  provoking({
    name: 'empty-data',
    does: 'audio that is not silent and has no data',
    must: 'the message is dropped and the call continues',
    source: 'inferred',
    matters: 'a fault of one message must not cost the call',
    remedy: 'test for data before you decode it',
    provocations: [
      audio('data ""', { data: '' }),
      audio('data null', { data: null }),
      audio('no data', { data: undefined }),
      audio('data a number', { data: 7 }),
      json('no audioData', { kind: 'AudioData' }),
      json('audioData null', { kind: 'AudioData', audioData: null }),
    ],
  }),
  provoking({
    name: 'odd-payloads',
    does: 'packets that are not 20 ms: 10 ms, 30 ms, one sample, an odd number of bytes',
    must: 'the call continues, whatever is made of them',
    source: 'inferred',
    matters: 'frames of a fixed size are an observation, not a promise',
    remedy: 'compute the duration from the bytes; drop what is not whole samples',
    provocations: [320, 960, 2, 641, 1].map((byteCount) => audio(`${byteCount} bytes`, { data: tone(byteCount) })),
  }),
  provoking({
    name: 'malformed-json',
    does: 'messages that are no JSON, no object, cut short, without a kind, or with one that is no text',
    must: 'each is dropped and counted; neither the call nor the process ends',
    source: 'inferred',
    matters: 'one bad message would end a call, or with an uncaught exception all calls of the process',
    remedy: 'catch per message, also in asynchronous handlers, and count what was caught',
    provocations: [
      text('an empty message', ''),
      text('a word', 'hello'),
      text('an array', '[]'),
      text('null', 'null'),
      text('a number', '7'),
      {
        name: 'JSON cut short',
        send: (call) =>
          call.link.send(JSON.stringify({ kind: 'AudioData', audioData: { data: call.data } }).slice(0, 300)),
      },
      json('no kind', { data: tone(640), isSilence: false }),
      json('a kind that is no text', { kind: 7, audioData: {} }),
      text('text behind the message', '{"kind":"MarkData","markData":{}}x'),
      text('deep nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`),
    ],
  }),
  provoking({
    name: 'bad-base64',
    does: 'audio whose data is not base64',
    must: 'each is dropped and counted; neither the call nor the process ends',
    source: 'inferred',
    matters: 'some decoders throw, others make noise of it',
    remedy: 'decode strictly, catch per message',
    provocations: [
      audio('characters outside the alphabet', { data: `*${tone(640).slice(1)}` }),
      audio('an impossible length', { data: tone(640).slice(0, -1).replaceAll('=', '') }),
      audio('padding in the middle', { data: `AA==${tone(640)}` }),
      audio('letters beyond ASCII', { data: 'ÄÖÜ日本語' }),
    ],
  }),
  provoking({
    name: 'binary-message',
    does: 'a binary message, with and without JSON in it',
    must: 'it is ignored; a close frame (1003) is allowed, a crash is not',
    source: 'internet',
    matters: 'ACS sends text only, but a server should not die of anything else',
    remedy: 'look at the kind of message before you parse it',
    mayClose: true,
    provocations: [
      { name: 'random bytes', send: (call) => call.link.sendBinary(Buffer.from([0, 255, 254, 128, 7])) },
      { name: 'JSON as binary', send: (call) => call.link.sendBinary(Buffer.from('{"kind":"AudioData"}')) },
      { name: 'an empty one', send: (call) => call.link.sendBinary(Buffer.alloc(0)) },
    ],
  }),
];

function reordered(timestamp: string, data: string): string {
  return JSON.stringify({ version: 1, audioData: { silent: false, extra: {}, data, timestamp }, kind: 'AudioData' });
}

function spaced(timestamp: string, data: string): string {
  return `\n${JSON.stringify({ kind: 'AudioData', audioData: { timestamp, data, silent: false } }, null, '\t')}\r\n `;
}
