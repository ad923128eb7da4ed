/**
 * `npm run soak:agents -- --minutes 10 --calls 200`: the voice agent's example under callers who interrupt, a model that says late
 * words and loses connections. No audio of an answer is heard after it was cut off; memory does not grow.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { StandIn } from '../../examples/voice-agent/stand-in/server.ts';
import { residentMib } from '../chaos/arena.ts';
import { readToolFlags } from '../support/tool-flags.ts';
import { runCallers } from './callers.ts';

const usage = `Usage: npm run soak:agents -- [--minutes N] [--calls N] [--seed N]

Voice agents against the stand-in, with interruptions, lost connections, tools.
Ends with 1 if anything was not as it should be.
`;
const { minutes, calls, seed } = readToolFlags(usage, { minutes: 10, calls: 200, seed: 1 }).values;
const sampleMs = 5_000;
/** Of what it has once all calls have been there for a while: what a collector has not collected yet. */
const growthMax = 1.15;

const problems: string[] = [];
const events = new Map<string, number>();
const mib: number[] = [];

/** The example as a user runs it. Resolves with its address. */
function startExample(url: string): { readonly child: ChildProcess; readonly address: Promise<string> } {
  const entry = new URL('../../examples/voice-agent/main.ts', import.meta.url).pathname;
  const flags = ['--port', '0', '--admin-port', '0', '--json', '--greeting', ''];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, REALTIME_URL: url, REALTIME_KEY: 'none' },
  });
  const address = new Promise<string>((resolve) => {
    createInterface(child.stdout!).on('line', (line) => {
      if (!line.startsWith('{')) {
        resolve(line);
        return;
      }
      const { event } = JSON.parse(line) as { event: { type: string; what?: string } };
      const name = event.what === undefined ? event.type : `trouble: ${event.what}`;
      events.set(name, (events.get(name) ?? 0) + 1);
    });
  });
  return { child, address };
}

const standIn = await StandIn.listen({
  sound: 'levels',
  answerMs: 5_000,
  lateDeltas: 3,
  breakEvery: 40,
  toolEvery: 5,
});
const { child, address } = startExample(standIn.url);
const exited = once(child, 'close');
const sampling = setInterval(() => mib.push(residentMib(child.pid!)), sampleMs);
try {
  const url = await address;
  const result = await runCallers({ url, standIn, calls, seconds: minutes * 60, seed, callSeconds: 60 });
  problems.push(...new Set(result.faults));
  await sleep(1_000);
  const open = standIn.sessions.filter(({ isOpen }) => isOpen).length;
  if (open > 0) problems.push(`${open} connections to the model are left`);
  if (result.stops === 0 || result.answersHeard < result.turns / 4) problems.push('next to nothing was said');
  const at = (share: number) => result.silencedMs[Math.floor(share * (result.silencedMs.length - 1))]?.toFixed(0);
  console.log(
    `${result.calls} calls, ${result.turns} turns, ${result.bargeIns} while the agent spoke, ${result.stops} times silenced`,
  );
  console.log(
    `${result.answersHeard} answers heard, ${result.framesHeard} frames, ${result.faults.length} after a cut`,
  );
  console.log(`silenced after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`);
  console.log([...events].map(([name, count]) => `${name} ${count}`).join(', '));
} finally {
  clearInterval(sampling);
  child.kill('SIGINT');
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code] = (await exited) as [number | null];
  clearTimeout(giveUp);
  if (code !== 0) problems.push(`the example ended with ${code}`);
  await standIn.close();
}

const third = Math.floor(mib.length / 3);
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const [early, late] = [median(mib.slice(third, 2 * third)), median(mib.slice(2 * third))];
console.log(`memory, MiB: ${early.toFixed(0)} in the second third, ${late.toFixed(0)} in the last`);
if (late > early * growthMax) problems.push(`memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MiB`);
for (const problem of problems) console.log(`WRONG  ${problem}`);
console.log(
  problems.length === 0 ? 'nothing of an answer was heard after it was cut off' : `${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
