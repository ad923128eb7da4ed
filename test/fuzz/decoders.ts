/**
 * The decoders against each other and against the official parser, with messages from the same generators that the tests
 * draw a fixed share from, for as long as one likes. Stops at the first disagreement, made as small as it can be, and keeps it.
 */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { Agreement, type Context, contexts } from '../decoder/agreement.ts';
import { envelopes } from '../decoder/envelopes.ts';
import { almostPlainAudio, mutatedMessage, plainAudio } from '../decoder/mutation.ts';
import { storeMessage } from './corpus.ts';
import type { RunLimits } from './run.ts';

/** A known message with some bytes another: what no generator of texts thinks of. */
const damagedBytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(...envelopes.map(([, text]) => text)),
    fc.array(fc.record({ at: fc.nat(400), byte: fc.nat(255), op: fc.constantFrom('set', 'insert', 'delete') }), {
      minLength: 1,
      maxLength: 5,
    }),
  )
  .map(([text, edits]) => {
    const bytes = Array.from(Buffer.from(text));
    for (const { at, byte, op } of edits) {
      const place = at % (bytes.length + 1);
      bytes.splice(place, op === 'insert' ? 0 : 1, ...(op === 'delete' ? [] : [byte]));
    }
    return Buffer.from(bytes);
  })
  // A text message that is no UTF-8 never gets as far as a decoder.
  .filter((bytes) => isUtf8(bytes));

const messages: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: mutatedMessage.map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: almostPlainAudio.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: plainAudio.map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: damagedBytes },
);

const roundSize = 5_000;

/** A round of one seed; throws with the smallest message that it could find. */
function round(agreement: Agreement, seed: number): void {
  const property = fc.property(messages, fc.constantFrom(...contexts), (message, context) => {
    agreement.check(message, context);
  });
  const result = fc.check(property, { seed, numRuns: roundSize });
  if (!result.failed) return;
  const [message, context] = result.counterexample as unknown as [Buffer, Context];
  const why = String(result.errorInstance);
  const file = storeMessage({ name: `drawn ${seed}`, why, context, message: message.toString('hex') });
  throw new Error(`seed ${seed}, path ${result.counterexamplePath}: ${why}; kept in ${file}`);
}

/** Returns how many messages were compared. `from` counts rounds: round n of seed s is round 0 of seed s + n. */
export function runDecoderCases({ seed, from = 0, cases, seconds }: RunLimits): Promise<number> {
  const endMs = performance.now() + 1000 * seconds;
  const agreement = new Agreement();
  for (let n = from; agreement.messages < cases && performance.now() < endMs; n++) round(agreement, seed + n);
  return Promise.resolve(agreement.messages);
}
