/**
 * Peers that break the WebSocket protocol in every way, on raw TCP, against the real gateway, while four calls that do nothing
 * wrong continue: these are recorded bit for bit, every message has exactly one outcome, every stream one end, and the loop
 * never stands still. The long form is `npm run fuzz -- websocket`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seed } from '../support/seed.ts';
import { Arena } from './arena.ts';
import { storedCases } from './corpus.ts';
import { borrowedReasons, boundaryCases, websocketCases } from './websocket-cases.ts';
import { drawnCase } from './websocket-mutation.ts';

const roundSize = 50;
const drawnCases = 1000;

describe('the calls beside it are right to the last bit, and all is counted', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.start();
  });

  afterAll(async () => {
    await arena.stop();
  });

  it.each(websocketCases.map((one) => [one.name, one] as const))('with %s', async (_name, one) => {
    await arena.play([one]);
  });

  it('with all of these at the same time', async () => {
    await arena.play(websocketCases);
  });

  it('with two messages cut by TCP and by fragments at every byte', async () => {
    const cases = boundaryCases();
    expect(cases.length).toBeGreaterThan(400);
    for (let at = 0; at < cases.length; at += roundSize) await arena.play(cases.slice(at, at + roundSize));
  });

  it(`with ${drawnCases} streams of frames drawn and damaged at random`, async () => {
    for (let at = 0; at < drawnCases; at += roundSize) {
      const cases = Array.from({ length: roundSize }, (_, i) => drawnCase(seed, at + i));
      await arena.play(cases).catch((error: Error) => {
        throw new Error(`ACS_TEST_SEED=${seed}, cases ${at} to ${at + roundSize - 1}: ${error.message}`);
      });
    }
  });

  it('with everything that once went wrong', async () => {
    for (const one of storedCases()) await arena.play([one]);
  });

  it('and the gateway drains with nothing unaccounted for', async () => {
    await arena.finish();
    expect(arena.slowestHealthMs).toBeGreaterThan(0);
  });
});

// Why a stream ended is told apart by the text of the close, and that is the peer's to choose: it must count for code 1006 only.
it.each(borrowedReasons.slice(0, 2).map((one) => [one.name, one] as const))(
  'a peer cannot choose the cause that is counted: %s',
  async (_name, one) => {
    const arena = await Arena.start();
    try {
      await arena.play([one]);
    } finally {
      await arena.stop();
    }
  },
);
