/**
 * Fuzzing for as long as one likes: `main.ts websocket|http|decoders [--seed N] [--cases N] [--seconds N] [--from N]`. Prints its seed,
 * stops at the first fault with exit code 1, and keeps the case in the corpus.
 */
import { parseArgs } from 'node:util';
import { runDecoderCases } from './decoders.ts';
import { runHttpCases, runWebsocketCases } from './run.ts';

const runs = { websocket: runWebsocketCases, http: runHttpCases, decoders: runDecoderCases };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    cases: { type: 'string', default: 'Infinity' },
    seconds: { type: 'string', default: '60' },
    from: { type: 'string', default: '0' },
  },
});
const names = positionals.length === 0 ? Object.keys(runs) : positionals;
const [seed, from] = [Number(values.seed), Number(values.from)];
const [cases, seconds] = [Number(values.cases), Number(values.seconds)];

for (const name of names) {
  const run = runs[name as keyof typeof runs];
  if (run === undefined || [seed, from, cases, seconds].some(Number.isNaN)) {
    console.error(`usage: main.ts [${Object.keys(runs).join('|')}] [--seed N] [--cases N] [--seconds N] [--from N]`);
    process.exit(2);
  }
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
