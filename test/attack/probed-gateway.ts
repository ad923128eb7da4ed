/**
 * A gateway as `serve` runs it, with a reader of its own for the calls beside an attack: what they felt, told by somebody who has
 * nothing to do with the gateway's counters. `probed-gateway.ts serve [flags]`; at SIGUSR2 it writes its samples as a log line.
 */
import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createLog } from '../../src/base/log.ts';
import { configure } from '../../src/cli/configuration.ts';
import type { GatewayEvents } from '../../src/gateway/events.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { probeName } from './probe.ts';

const config = configure(process.argv.slice(3), {});
const log = createLog(config.logLevel, config.logFormat);
const events = new EventEmitter<GatewayEvents>();
const probe = new Worker(new URL('./probe.worker.ts', import.meta.url));
const gateway = new Gateway(config, log, { readers: [probeName], events });
const { port, adminPort } = await gateway.start();
events.on('participant', (participant) => probe.postMessage(participant.ring(probeName)));
probe.on('message', (samples) => log.info({ msg: probeName, samples }));
process.on('SIGUSR2', () => probe.postMessage('tell'));
log.info({ msg: 'listening', port, adminPort });
