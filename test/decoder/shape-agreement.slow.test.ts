/** Messages of a known shape, with one byte another, through the whole decoder: all decoders still agree. */
import { isUtf8 } from 'node:buffer';
import { afterAll, expect, it, vi } from 'vitest';
import { Shape } from '../../src/protocol/shape.ts';
import { Agreement, type Context } from './agreement.ts';
import { envelopes, tellingBytes } from './envelopes.ts';
import { audio } from './messages.ts';

/** What `fits` answered since it was last looked at. */
const fits = vi.spyOn(Shape.prototype, 'fits');
afterAll(() => {
  fits.mockRestore();
});

function fitted(): number {
  const count = fits.mock.results.filter(({ value }) => value === true).length;
  fits.mockClear();
  return count;
}

/** In `known` frames go straight into their ring; in `refused` nothing is decoded, so the general parser has the last word. */
const contexts: readonly Context[] = ['known', 'known', 'refused', 'fresh', 'wide'];
/** A shape stays if it fits a message now and then: more often than this many others come. */
const othersMax = 8;

it.each(envelopes)('the decoders agree about messages of a known shape: %s', (_name, text) => {
  const agreement = new Agreement();
  const message = Buffer.from(text);
  agreement.check(message, 'known');
  let others = 0;
  for (let at = 0; at < message.length; at++) {
    for (const byte of tellingBytes) {
      const changed = Buffer.from(message);
      changed[at] = byte;
      if (!isUtf8(changed)) continue;
      if (others % othersMax === 0) {
        fitted();
        agreement.check(message, 'known');
        expect(fitted()).toBeGreaterThan(0);
      }
      agreement.check(changed, contexts[others++ % contexts.length]!);
    }
  }
});

it('the decoders agree about a call in which lengths, silence and participants change all the time', () => {
  const agreement = new Agreement();
  fitted();
  for (let n = 0; n < 2000; n++) {
    const data = Buffer.alloc(n % 7 === 0 ? 320 : 640, n).toString('base64');
    const participantRawID = ['4:+15550100', '4:+15550101', '8:acs:x', ''][n % 4];
    agreement.check(Buffer.from(audio({ data, participantRawID, silent: n % 5 === 0 })), 'known');
  }
  expect(fitted()).toBeGreaterThan(1000);
});
