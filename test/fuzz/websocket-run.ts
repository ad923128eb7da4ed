/** Drawn WebSocket cases against a real gateway, many at a time; what goes wrong is looked for one by one, and kept. */
import { Arena } from './arena.ts';
import { storeCase } from './corpus.ts';
import { drawnCase } from './websocket-mutation.ts';

/** Connections at the same time. */
const roundSize = 50;

export interface RunLimits {
  readonly seed: number;
  /** The first case of the seed. */
  readonly from?: number;
  readonly cases: number;
  readonly seconds: number;
}

/** Plays the cases of a round alone, each against a gateway of its own; returns the first that fails alone. */
async function culprit(seed: number, from: number): Promise<string> {
  for (let index = from; index < from + roundSize; index++) {
    const one = drawnCase(seed, index);
    const arena = await Arena.start();
    try {
      await arena.play([one]);
    } catch (error) {
      const file = storeCase(one, (error as Error).message);
      return `alone, ${one.name} does it: ${(error as Error).message}; kept in ${file}`;
    } finally {
      await arena.stop();
    }
  }
  return 'none of them does it alone';
}

/** Returns how many were played. Throws at the first round with a fault, with the seed in the message. */
export async function runWebsocketCases({ seed, from = 0, cases, seconds }: RunLimits): Promise<number> {
  const endMs = performance.now() + 1000 * seconds;
  const arena = await Arena.start();
  let at = from;
  try {
    for (; at < from + cases && performance.now() < endMs; at += roundSize) {
      await arena.play(Array.from({ length: roundSize }, (_, i) => drawnCase(seed, at + i)));
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
