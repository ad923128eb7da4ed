/**
 * A gateway as `serve` runs it, with a reader of its own for the calls beside an attack: what they felt, told by somebody who has
 * nothing to do with the gateway's counters. `probed-gateway.ts serve [flags]`; at SIGUSR2 it writes its samples as a log line. With
 * `--playback on` all streams are spoken into without an end, and the calls are interrupted now and then; attackers have no call id.
 */
import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createLog } from '../../src/base/log.ts';
import { configure } from '../../src/cli/configuration.ts';
import type { GatewayEvents } from '../../src/gateway/events.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { PlaybackWriter } from '../../src/playback/writer.ts';
import { probeName } from './probe.ts';

const clearEveryMs = 50;

const config = configure(process.argv.slice(3), {});
const log = createLog(config.logLevel, config.logFormat);
const events = new EventEmitter<GatewayEvents>();
const probe = new Worker(new URL('./probe.worker.ts', import.meta.url));
const gateway = new Gateway(config, log, { readers: [probeName], events });
const { port, adminPort } = await gateway.start();
events.on('participant', (participant) => probe.postMessage(participant.ring(probeName)));
if (config.playback) speak();
probe.on('message', (samples) => log.info({ msg: probeName, samples }));
process.on('SIGUSR2', () => probe.postMessage('tell'));
log.info({ msg: 'listening', port, adminPort });

/** Another thread speaks; this one interrupts one call after the other. */
function speak(): void {
  const thread = new Worker(new URL('./speech.worker.ts', import.meta.url));
  const writers = new Map<string, PlaybackWriter>();
  events.on('stream', (stream) => {
    try {
      const handle = stream.playback();
      if (handle.callConnectionId !== null) writers.set(stream.id, new PlaybackWriter(handle));
      thread.postMessage(handle);
    } catch (error) {
      // It has ended already.
      log.info({ msg: 'not spoken to', error: (error as Error).message });
    }
  });
  events.on('streamEnded', ({ id }) => writers.delete(id));
  let turn = 0;
  setInterval(() => [...writers.values()][turn++ % writers.size]?.clear(), clearEveryMs);
}
