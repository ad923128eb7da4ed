/**
 * Interpretation, both ends of it: a gateway with the sink of this folder, and a receiver of what it forwards, which says at
 * the end how steadily audio came and how much later than it would have without. Ends with Ctrl-C.
 *
 *   node examples/interpretation/main.ts --participant '8:acs:…' --buffer 80 --save ./forwarded
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startGateway } from '../../src/index.ts';
import { Receiver } from './receiver.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    'admin-port': { type: 'string', default: '9464' },
    participant: { type: 'string' },
    buffer: { type: 'string', default: '80' },
    save: { type: 'string' },
    /** What was received as JSON, one a line: for programs. */
    json: { type: 'boolean', default: false },
  },
});

const receiver = await Receiver.listen({
  port: 0,
  folder: values.save ?? null,
  onReceived(received) {
    const { hello, account, frames, intervalMs } = received;
    if (values.json) {
      console.log(JSON.stringify(received));
      return;
    }
    const { forwarded, silence, late, leftOut, setBack, unsent, framesLapped, delayMs } = account;
    console.log(`${hello.participantId ?? 'everybody'}: ${frames} frames received`);
    console.log(`  forwarded ${forwarded}, silence ${silence}, late ${late}, left out ${leftOut}, set back ${setBack}`);
    console.log(`  lost: ${unsent} unsent, ${framesLapped} lapped`);
    console.log(`  delay of forwarding  p50 ${delayMs.p50} ms, p99 ${delayMs.p99} ms, most ${delayMs.max} ms`);
    console.log(`  between two frames   p50 ${intervalMs.p50} ms, p99 ${intervalMs.p99} ms, most ${intervalMs.max} ms`);
  },
});

const { participant, buffer } = values;
const options = new URLSearchParams({ name: 'interpretation', to: receiver.url, buffer });
if (participant !== undefined) options.set('participant', participant);
const gateway = await startGateway({
  port: Number(values.port),
  adminPort: Number(values['admin-port']),
  logLevel: 'warn',
  readers: [],
  sink: [`module:${fileURLToPath(new URL('./sink.ts', import.meta.url))}?${options}`],
  // For a demonstration: who presses Ctrl-C does not want to wait for calls to end.
  drainTimeoutMs: 1000,
});
console.log(`ws://127.0.0.1:${gateway.port}/audio`);

process.once('SIGINT', async () => {
  await gateway.stop();
  await receiver.close();
});
