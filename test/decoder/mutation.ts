/** The sample messages, changed at random in every way that JSON allows and in many that it does not (fast-check). */
import fc from 'fast-check';
import { editTokens, editTree, type Json, type TokenEdit, type TreeEdit, toJson, tokens } from './json.ts';
import {
  data,
  keys,
  noNumbers,
  noSpace,
  noValues,
  oddNumbers,
  participant,
  space,
  tokenEdit,
  treeEdit,
  values,
} from './oddities.ts';
import { sample, sampleNames, wholePacketSample } from './samples.ts';

/** What a broken peer or a broken line makes of the whole text. */
const damage: fc.Arbitrary<(text: string) => string> = fc.oneof(
  { weight: 8, arbitrary: fc.constant((text: string) => text) },
  { weight: 1, arbitrary: fc.constant((text: string) => `\ufeff${text}`) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(' ', '\n', '\0', '{}', ',', '}', '"', '\ufeff')
      .map((end) => (text: string) => text + end),
  },
  { weight: 1, arbitrary: fc.nat(1200).map((at) => (text: string) => [...text].slice(0, at).join('')) },
);

/** A sample, as often as not one with audio; and audio with data that is not cut off by its author. */
const original: fc.Arbitrary<Json> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(wholePacketSample).map((name) => toJson(JSON.parse(sample(name).toString()))) },
  { weight: 2, arbitrary: fc.constantFrom(...sampleNames).map((name) => toJson(JSON.parse(sample(name).toString()))) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...sampleNames.filter((name) => name.startsWith('in-audiodata'))), data, fc.nat(15))
      .map(([name, text, fate]) => {
        const message = JSON.parse(sample(name).toString()) as { audioData: Record<string, string> };
        message.audioData['data'] = text;
        if (fate === 0) message.audioData['participantRawID'] = 'é'.repeat(129);
        return toJson(message);
      }),
  },
);

function build(json: Json, tree: readonly TreeEdit[], inTokens: readonly TokenEdit[]): string {
  for (const edit of tree) editTree(json, edit);
  const list = tokens(json);
  for (const edit of inTokens) editTokens(list, edit);
  return list.join('');
}

/** Any message: half of them with hardly a change, some with many. Lone surrogates become U+FFFD, as on every socket. */
export const mutatedMessage: fc.Arbitrary<string> = fc
  .tuple(original, fc.array(treeEdit, { maxLength: 3 }), fc.array(tokenEdit, { maxLength: 3 }), damage)
  .map(([json, tree, inTokens, damaged]) => damaged(build(json, tree, inTokens)));

const plainKey = fc.constantFrom('"version"', '"isSilent"', '"participants"', '"sequenceNumber"', '"x y"', '""');
const plainValue = fc.constantFrom('null', 'true', 'false', '0', '640', '""', '"plain, printable {ASCII}: [~]"');
const plainEdit: fc.Arbitrary<TreeEdit> = fc.oneof(
  fc.record({ op: fc.constant('rotate'), object: fc.nat(2), by: fc.nat(6) }),
  fc.record({ op: fc.constant('swap'), object: fc.nat(2), by: fc.nat(6) }),
  fc.record({ op: fc.constant('add'), object: fc.nat(2), at: fc.nat(6), key: plainKey, value: plainValue }),
);

interface Parts {
  readonly message: unknown;
  readonly edits: TreeEdit[];
  readonly spaces: TokenEdit[];
}

const plainParts: fc.Arbitrary<Parts> = fc
  .record({
    data: data.filter((text) => text.length < 87_000),
    id: fc.constantFrom(
      {},
      { participantRawID: null },
      { participantRawID: '' },
      ...['participantRawID', 'participantRawId', 'participantId'].map((key) => ({ [key]: participant })),
    ),
    silent: fc.constantFrom({}, { silent: true }, { silent: false }),
    timestamp: fc.constantFrom({}, { timestamp: '2024-11-15T19:16:12.925Z' }, { timestamp: '2024-11-15T19:16:12Z' }),
    edits: fc.array(plainEdit, { maxLength: 4 }),
    spaces: fc.array(fc.record({ op: fc.constant('between' as const), token: fc.nat(40), text: space }), {
      maxLength: 6,
    }),
  })
  .map(({ data: text, id, silent, timestamp, edits, spaces }) => {
    return { message: { kind: 'AudioData', audioData: { ...timestamp, ...id, data: text, ...silent } }, edits, spaces };
  });

/** Valid audio as ACS might send it: any order of the fields, any white space, plain unknown fields, nothing escaped. */
export const plainAudio: fc.Arbitrary<string> = plainParts.map(({ message, edits, spaces }) =>
  build(toJson(message), edits, spaces),
);

const oddValue = fc.oneof(fc.constantFrom(...oddNumbers), fc.constantFrom(...noNumbers, ...noValues), values);
const where = { object: fc.nat(2), at: fc.nat(6) };
const oddity: fc.Arbitrary<TreeEdit | TokenEdit> = fc.oneof(
  fc.record({ op: fc.constant('add' as const), ...where, key: plainKey, value: oddValue }),
  fc.record({ op: fc.constant('add' as const), ...where, key: keys, value: plainValue }),
  fc.record({ op: fc.constant('set' as const), ...where, value: oddValue }),
  fc.record({ op: fc.constant('repeat' as const), ...where, from: fc.nat(6), value: oddValue }),
  fc.record({ op: fc.constant('between' as const), token: fc.nat(40), text: noSpace }),
  tokenEdit,
);

/** The same with one thing that is out of the ordinary: what the scanner must not take for plain. */
export const almostPlainAudio: fc.Arbitrary<string> = fc
  .tuple(plainParts, oddity)
  .map(([{ message, edits, spaces }, odd]) => {
    const isInTokens = odd.op === 'between' || odd.op === 'inside' || odd.op === 'escape';
    return isInTokens
      ? build(toJson(message), edits, [...spaces, odd])
      : build(toJson(message), [...edits, odd], spaces);
  });
