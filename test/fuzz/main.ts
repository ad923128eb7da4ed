/** `npm run fuzz`: fuzzing for as long as one likes. */
import { readToolFlags } from '../support/tool-flags.ts';
import { runDecoderCases } from './decoders.ts';
import { runHttpCases, runWebsocketCases } from './run.ts';

const runs = { websocket: runWebsocketCases, http: runHttpCases, decoders: runDecoderCases };

const usage = `Usage: npm run fuzz -- [websocket] [http] [decoders] [flags]

Damaged input of each kind, drawn. Prints its seed, stops at the first fault with exit code 1, and keeps the case in the corpus.

  --seed N      the same cases again
  --from N      from that case on (0)
  --cases N     so many of them
  --seconds N   for so long at the most (60)
`;
const defaults = { seed: Math.floor(Math.random() * 2 ** 31), cases: Number.POSITIVE_INFINITY, seconds: 60, from: 0 };
const { values, positionals } = readToolFlags(usage, defaults, Object.keys(runs));
const names = positionals.length === 0 ? Object.keys(runs) : positionals;
const { seed, from, cases, seconds } = values;

for (const name of names) {
  const run = runs[name as keyof typeof runs];
  console.log(`${name}: seed ${seed}`);
  try {
    const startedMs = performance.now();
    const played = await run({ seed, from, cases, seconds });
    console.log(`${name}: ${played} cases in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, no fault`);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exit(1);
  }
}
