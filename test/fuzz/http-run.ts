/** Drawn HTTP requests to both ports of a real gateway, many at a time; what goes wrong is looked for one by one, and kept. */
import { Arena } from './arena.ts';
import { storeHttpCase } from './corpus.ts';
import { drawnHttpCase } from './http-mutation.ts';
import type { RunLimits } from './websocket-run.ts';

/** Connections at the same time. Most of them wait for an answer that never comes. */
const roundSize = 100;

async function culprit(seed: number, from: number): Promise<string> {
  for (let index = from; index < from + roundSize; index++) {
    const one = drawnHttpCase(seed, index);
    const arena = await Arena.start();
    try {
      await arena.playHttp([one]);
    } catch (error) {
      const file = storeHttpCase(one, (error as Error).message);
      return `alone, ${one.name} does it: ${(error as Error).message}; kept in ${file}`;
    } finally {
      await arena.stop();
    }
  }
  return 'none of them does it alone';
}

/** Returns how many were played. Throws at the first round with a fault, with the seed in the message. */
export async function runHttpCases({ seed, from = 0, cases, seconds }: RunLimits): Promise<number> {
  const endMs = performance.now() + 1000 * seconds;
  const arena = await Arena.start();
  let at = from;
  try {
    for (; at < from + cases && performance.now() < endMs; at += roundSize) {
      await arena.playHttp(Array.from({ length: roundSize }, (_, i) => drawnHttpCase(seed, at + i)));
    }
    await arena.finish();
    return at - from;
  } catch (error) {
    await arena.stop();
    const where = `ACS_TEST_SEED=${seed}, cases ${at} to ${at + roundSize - 1}`;
    throw new Error(`${where}: ${(error as Error).message}; ${await culprit(seed, at)}`);
  } finally {
    await arena.stop();
  }
}
