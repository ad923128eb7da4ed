/** A short run of what `npm run fuzz -- decoders` does for hours, and every message about which decoders once disagreed. */
import { expect, it } from 'vitest';
import { Agreement, type Context } from '../decoder/agreement.ts';
import { seed } from '../support/seed.ts';
import { storedMessages } from './corpus.ts';
import { runDecoderCases } from './decoders.ts';

it('the decoders agree about messages of every kind drawn together', async () => {
  expect(await runDecoderCases({ seed, cases: 10_000, seconds: 30 })).toBeGreaterThanOrEqual(10_000);
});

it('the decoders agree about every message about which they once did not', () => {
  const agreement = new Agreement();
  for (const { message, context } of storedMessages()) {
    agreement.check(Buffer.from(message, 'hex'), context as Context);
  }
  expect(agreement.messages).toBeGreaterThanOrEqual(3);
});
