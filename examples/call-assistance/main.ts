/**
 * Call assistance: a gateway, and a worker that hears who speaks when. Prints turns, overlaps, and what a recogniser makes
 * of each utterance. Ends with Ctrl-C.
 *
 *   node examples/call-assistance/main.ts --recogniser console
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startGateway } from '../../src/index.ts';
import type { FromWorker } from './messages.ts';
import { Transcript } from './transcript.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    'admin-port': { type: 'string', default: '9464' },
    /** `console`, or `azure` with SPEECH_KEY and SPEECH_REGION in the environment. */
    recogniser: { type: 'string', default: 'console' },
    /** Messages as JSON, one a line: for programs. */
    json: { type: 'boolean', default: false },
  },
});

const gateway = await startGateway({
  port: Number(values.port),
  adminPort: Number(values['admin-port']),
  logLevel: 'warn',
  readers: ['assistance'],
  // For a demonstration: who presses Ctrl-C does not want to wait for calls to end.
  drainTimeoutMs: 1000,
});

const worker = new Worker(new URL('./assistance.worker.ts', import.meta.url), { workerData: values.recogniser });
const transcript = new Transcript();
worker.on('message', (message: FromWorker) => {
  const line = transcript.take(message);
  if (values.json) console.log(JSON.stringify(message));
  else if (line !== null) console.log(line);
});
gateway.on('participant', (participant) => worker.postMessage(participant.ring()));
console.log(`ws://127.0.0.1:${gateway.port}/audio`);

process.once('SIGINT', async () => {
  await gateway.stop();
  worker.postMessage('stop');
  await once(worker, 'exit');
  console.log(transcript.summary);
});
