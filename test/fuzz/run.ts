/** Drawn cases against a real gateway, many at a time; what goes wrong is looked for one by one, and kept. */
import { Arena } from './arena.ts';
import { storeCase, storeHttpCase } from './corpus.ts';
import { drawnHttpCase } from './http-mutation.ts';
import { drawnCase } from './websocket-mutation.ts';

export interface RunLimits {
  readonly seed: number;
  /** The first case of the seed. */
  readonly from?: number;
  readonly cases: number;
  readonly seconds: number;
}

/** What is drawn, and what is done with it. */
interface Fuzzing<Case> {
  /** Connections at the same time. */
  readonly roundSize: number;
  readonly draw: (seed: number, index: number) => Case;
  readonly play: (arena: Arena, cases: readonly Case[]) => Promise<void>;
  /** Returns the file. */
  readonly store: (one: Case, problem: string) => string;
}

const websocket: Fuzzing<ReturnType<typeof drawnCase>> = {
  roundSize: 50,
  draw: drawnCase,
  play: (arena, cases) => arena.play(cases),
  store: storeCase,
};

const http: Fuzzing<ReturnType<typeof drawnHttpCase>> = {
  // Most of them wait for an answer that never comes.
  roundSize: 100,
  draw: drawnHttpCase,
  play: (arena, cases) => arena.playHttp(cases),
  store: storeHttpCase,
};

/** Plays the cases of a round alone, each against a gateway of its own; tells of the first that fails alone. */
async function culprit<Case extends { readonly name: string }>(
  { roundSize, draw, play, store }: Fuzzing<Case>,
  seed: number,
  from: number,
): Promise<string> {
  for (let index = from; index < from + roundSize; index++) {
    const one = draw(seed, index);
    const arena = await Arena.start();
    try {
      await play(arena, [one]);
    } catch (error) {
      const file = store(one, (error as Error).message);
      return `alone, ${one.name} does it: ${(error as Error).message}; kept in ${file}`;
    } finally {
      await arena.stop();
    }
  }
  return 'none of them does it alone';
}

async function run<Case extends { readonly name: string }>(
  fuzzing: Fuzzing<Case>,
  { seed, from = 0, cases, seconds }: RunLimits,
): Promise<number> {
  const { roundSize, draw, play } = fuzzing;
  const endMs = performance.now() + 1000 * seconds;
  const arena = await Arena.start();
  let at = from;
  try {
    for (; at < from + cases && performance.now() < endMs; at += roundSize) {
      await play(
        arena,
        Array.from({ length: roundSize }, (_, i) => draw(seed, at + i)),
      );
    }
    await arena.finish();
    return at - from;
  } catch (error) {
    await arena.stop();
    const where = `ACS_TEST_SEED=${seed}, cases ${at} to ${at + roundSize - 1}`;
    throw new Error(`${where}: ${(error as Error).message}; ${await culprit(fuzzing, seed, at)}`);
  } finally {
    await arena.stop();
  }
}

/** Returns how many were played. Throws at the first round with a fault, with the seed in the message. */
export function runWebsocketCases(limits: RunLimits): Promise<number> {
  return run(websocket, limits);
}

/** The same for requests to both ports. */
export function runHttpCases(limits: RunLimits): Promise<number> {
  return run(http, limits);
}
