/**
 * What a scrape of `/metrics` costs with thousands of participants: the gateway's own metrics over its own shared memory,
 * composed as `src/gateway/gateway.ts` does it, without sockets, threads and HTTP.
 */
import type { DecoderPool } from '../../src/decoder/pool.ts';
import { createMetrics } from '../../src/metrics/gateway-metrics.ts';
import { Pacer } from '../../src/playback/pacer.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { StreamRegistry } from '../../src/stream/registry.ts';
import { StallWatch } from '../../src/stream/stall-watch.ts';
import { nobody } from '../../src/stream/stream-observer.ts';
import { Totals } from '../../src/stream/totals.ts';
import { audioMessages } from './messages.ts';
import { LaneRig } from './rig.ts';
import type { Step } from './steps.ts';

const participants = 5000;
const facts = { remoteAddress: '127.0.0.1', callConnectionId: null, correlationId: null };
/** Two readings are all that metrics take from it. */
const idleDecoders = {
  waiting: 0,
  measureUtilization: () => 0,
  isDegraded: false,
  workers: [] as unknown,
} as DecoderPool;

export function scrapeStep(): Step {
  const rig = new LaneRig(participants);
  const { memory, lane } = rig;
  const totals = new Totals();
  const registry = new StreamRegistry({
    memory,
    lanes: [lane],
    totals,
    observers: nobody,
    streamsMax: participants,
    lingerMs: 0,
    resumeGraceMs: 0,
    messagesPerSecondMax: 1e6,
    onDecoded: () => {},
    onEnded: () => {},
  });
  const messages = audioMessages(200, 16_000);
  for (let i = 0; i < participants; i++) {
    // A stream of one participant each: of all ways to have so many, the one with the most to go through.
    registry.open(facts, 0)!.receive(messages[i % messages.length]!.bytes, false, 0);
    if (i % 1000 === 999) rig.decode(0);
  }
  const metrics = createMetrics({
    memory,
    totals,
    registry,
    stalls: new StallWatch({ memory, registry, afterMs: 1000, observers: { stalled: () => {}, stallEnded: () => {} } }),
    lanes: [lane],
    decoders: idleDecoders,
    playback: new Pacer({ leadMs: 200, seconds: 30, memoryBytes: 0, marks: false, queueCount: 1 }),
    rings: new RingPool(memory),
    sinks: [],
    streamsMax: participants,
    messageBytesMax: 131_072,
    threads: () => [],
    supervised: () => [],
    build: { version: '', node: '', decoder: '' },
    recordings: {
      sinks: [],
      countsOf: () => ({ participant: 0, call: 0, failed: 0, keep: 0, max_gb: 0 }),
      diskOf: () => ({ diskBytes: 0, freeBytes: 0 }),
      callsPending: () => 0,
      commandOutcomes: () => ({}),
    },
    isDraining: () => false,
  });
  let text = '';
  return {
    name: `scrape · ${participants.toLocaleString('en-US')} participants`,
    column: 'time per scrape',
    unit: 'ms',
    perRun: 1,
    isAsync: true,
    run: async () => {
      text = await metrics.text();
      return text.length;
    },
    check: () => {
      if (!text.includes(`acs_gateway_participants_active ${participants}\n`))
        throw new Error('participants are missing');
    },
    stop: () => rig.stop(),
  };
}
