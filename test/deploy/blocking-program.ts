/**
 * A user's program that works in the gateway's main thread and holds it up, as soon as `--calls` calls are there: what agents say
 * leaves late. The rest of its flags are settings. Behind `serve`; ended by its parent.
 */
import { parseArgs } from 'node:util';
import { productModule } from '../support/product-module.ts';

const { startGateway } = await productModule<typeof import('../../src/index.ts')>('index');

/** Longer than the lead with which it speaks, and than a caller wants to wait; short enough for a scrape to be answered. */
const blockedMs = 150;
const pauseMs = 100;

const text = { type: 'string' } as const;
const options = { port: text, 'admin-port': text, sink: text, 'ring-seconds': text, calls: text };
const { values } = parseArgs({ args: process.argv.slice(3), options });

const gateway = await startGateway({
  port: Number(values.port),
  adminPort: Number(values['admin-port']),
  workers: 1,
  playbackLeadMs: 60,
  sink: values.sink!,
  ringSeconds: Number(values['ring-seconds']),
  logLevel: 'silent',
});
console.log(JSON.stringify({ msg: 'listening', port: gateway.port, adminPort: gateway.adminPort }));

const word = new Int32Array(new SharedArrayBuffer(4));
let calls = 0;
gateway.on('stream', () => {
  if (++calls === Number(values.calls)) setInterval(() => Atomics.wait(word, 0, 0, blockedMs), pauseMs);
});
