/** `npm run demo`: a gateway with its console, and calls to look at and listen to, for as long as it runs. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../../src/index.ts';
import { readToolFlags } from '../../test/support/tool-flags.ts';
import { buildPage, isPageStale } from '../build.ts';
import { answerCalls } from './assistant.ts';

const usage = `Usage: npm run demo -- [--calls 40] [--seed 1] [--port 8080] [--admin-port 9464]

A gateway with its console on this machine, and simulated calls: voices, silence, loss, stalls, a voice agent that is interrupted.
Prints the address of the page; a port that is taken is replaced by a free one. Ends with Ctrl-C.
`;
const { values } = readToolFlags(usage, { calls: 40, seed: 1, port: 8080, 'admin-port': 9464 });

/** The port, or 0, for any, if it is taken. */
async function freeOr0(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  // `once` rejects with the error that comes instead.
  const isFree = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (isFree) await once(server.close(), 'close');
  return isFree ? port : 0;
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
});

if (isPageStale()) await buildPage();
// So that there are recordings to name; they are deleted at the end.
const recordings = mkdtempSync(join(tmpdir(), 'acs-demo-'));
const gateway = await startGateway({
  port: await freeOr0(values.port),
  adminPort: await freeOr0(values['admin-port']),
  console: true,
  consoleAudio: true,
  labelQuery: ['line'],
  // A page that is opened finds the whole last minute.
  ringSeconds: 60,
  sink: `wav:${recordings}?keep=10m&max-gb=1`,
  logLevel: 'warn',
  drainTimeoutMs: 1000,
});
answerCalls(gateway, 'assistant');
const url = `ws://127.0.0.1:${gateway.port}/audio`;
const callers = fork(join(import.meta.dirname, 'callers.ts'), [url, String(values.calls), String(values.seed)], {
  execArgv: ['--disable-warning=ExperimentalWarning'],
});
const callersEnded = once(callers, 'exit');
console.log(`console   http://127.0.0.1:${gateway.adminPort}/console
calls     ${url}   (${values.calls} simulated ones; connect your own as well)
Ctrl-C ends it.`);

await Promise.race([stopped, callersEnded]);
callers.kill('SIGTERM');
await callersEnded;
await gateway.stop();
rmSync(recordings, { recursive: true, force: true });
