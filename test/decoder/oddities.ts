/** What can be done to a message: values, keys and spaces as they are, as they may be, and as they must not be. */
import fc from 'fast-check';
import type { TokenEdit, TreeEdit } from './json.ts';
import { pcm } from './messages.ts';

export const participant = '8:acs:3d20e1de-0f28-41c5-84a0-4960fde5f411_0000000b-faeb-c708-99bf-a43a0d0036b0';

/** PCM of any even length, mostly short, in base64. */
const wholePackets = [640, 960, 1280, 1282].map((bytes) => pcm(bytes, 7).toString('base64'));
const tooLong = pcm(66_000).toString('base64');
export const data = fc.oneof(
  {
    weight: 30,
    arbitrary: fc
      .uint8Array({ minLength: 1, maxLength: 30, size: 'max' })
      .map((half) => Buffer.concat([half, half]).toString('base64')),
  },
  { weight: 20, arbitrary: fc.constantFrom(...wholePackets) },
  { weight: 1, arbitrary: fc.constant(tooLong) },
);

const numbers = [
  '0',
  '-0',
  '7',
  '-1',
  '1.5',
  '16000',
  '24000',
  '16000.0',
  '1.6e4',
  '1.6E+4',
  '160000e-1',
  '1e400',
  '-1e-400',
];
export const oddNumbers = [
  ...numbers,
  '12345678901234567890',
  '18446744073709551616',
  '9007199254740993',
  '-9223372036854775809',
];
export const noNumbers = [
  '01',
  '-',
  '+1',
  '1.',
  '.5',
  '1e',
  '0x10',
  'NaN',
  'Infinity',
  '1_000',
  '--1',
  '00',
  '0 0',
  '1٠',
];
export const noValues = [
  '',
  'tru',
  'nulll',
  'undefined',
  "'x'",
  '"',
  '"x',
  '{',
  '}',
  ']',
  '[1,]',
  '{"a":1,}',
  '{"a"}',
  '{,}',
  '\\u0041',
  '"a" "b"',
];
const nested = [3, 1023, 1024, 1025, 3000].flatMap((depth) => [
  '['.repeat(depth) + ']'.repeat(depth),
  `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
]);
const strings = [
  '',
  'x',
  participant,
  '4:+15550100',
  'é',
  '😀',
  '\u007f',
  '\u2028',
  'a"b\\c/d',
  'tab\tnul\0',
  '\ud800',
  '\udc00x',
  '\ud83d\ud83d',
  'i'.repeat(256),
  'i'.repeat(257),
  'é'.repeat(128),
  'é'.repeat(129),
  '😀'.repeat(400),
  '2024-11-15T19:16:12.925Z',
  '2024-11-15T19:16:12Z',
  '2024-11-15T19:16:12.1234567+02:00',
  '2024-02-30T00:00:00Z',
  'yesterday',
  'AudioData',
  'AudioMetadata',
  'DtmfData',
  'MarkData',
  'audioData',
  'PCM',
  'pcm',
  'AAAA',
  'AA==',
  'AAE=',
  'AAA\u0141AAAA',
  '////',
  '-_-_',
];
export const values: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...strings).map((text) => JSON.stringify(text)) },
  { weight: 3, arbitrary: data.map((text) => JSON.stringify(text)) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('null', 'true', 'false', '[]', '{}', '[null,{"kind":"x"}]', '{"data":"AAE="}'),
  },
  { weight: 3, arbitrary: fc.constantFrom(...oddNumbers) },
  { weight: 1, arbitrary: fc.constantFrom(...noNumbers, ...noValues) },
  { weight: 1, arbitrary: fc.constantFrom(...nested) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)) },
);
export const keys: fc.Arbitrary<string> = fc.oneof(
  fc
    .constantFrom(
      'kind',
      'audioData',
      'audioMetadata',
      'data',
      'timestamp',
      'silent',
      'participantRawID',
      'participantRawId',
    )
    .map((key) => JSON.stringify(key)),
  fc
    .constantFrom('participantId', 'sampleRate', 'channels', 'encoding', 'subscriptionId')
    .map((key) => JSON.stringify(key)),
  fc.constantFrom(
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"length"',
    '""',
    '"Kind"',
    '"kind "',
    '"0"',
    '"é"',
    '"isSilent"',
  ),
  fc.constantFrom(
    '"\\u006bind"',
    '"kind\\u0000"',
    '"data\\u0000x"',
    '"\\ud800"',
    '"silen\\u0074"',
    'kind',
    '1',
    '"a":"b","c"',
  ),
);

export const treeEdit: fc.Arbitrary<TreeEdit> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rotate'), object: fc.nat(2), by: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('swap'), object: fc.nat(2), by: fc.nat(6) }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('add'), object: fc.nat(2), at: fc.nat(6), key: keys, value: values }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('repeat'),
      object: fc.nat(2),
      from: fc.nat(6),
      at: fc.nat(6),
      value: values,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('set'), object: fc.nat(2), at: fc.nat(6), value: values }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('rename'), object: fc.nat(2), at: fc.nat(6), key: keys }) },
);

export const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), minLength: 1, maxLength: 4 });
export const noSpace = fc.constantFrom('\u00a0', '\f', '\v', '\u2028', '\ufeff', '/**/', '\0', ',', ':', '"');
export const tokenEdit: fc.Arbitrary<TokenEdit> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('between'), token: fc.nat(40), text: space }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('between'), token: fc.nat(40), text: noSpace }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('escape'), token: fc.nat(12), at: fc.nat(900), upper: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('inside'),
      token: fc.nat(12),
      at: fc.nat(900),
      text: fc.constantFrom(
        '"',
        '\\',
        '\\"',
        '\\/',
        '\\n',
        '\\x',
        '\\u00',
        '\\ud800',
        '\\ud83d\\ude00',
        '\u0001',
        '\n',
        '\u007f',
        'é',
        '😀',
        '=',
        '-',
        ' ',
      ),
    }),
  },
);
