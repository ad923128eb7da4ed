/**
 * The order of files: what takes longest begins first, or it would run alone at the end. Vitest knows that from earlier runs; this
 * is for a clone that has none: from a run on two quiet cores. What burns CPU time stands beside what waits.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const first = [
  'chaos/chaos',
  'examples/voice-agent',
  'integration/bursts',
  'integration/hung-threads',
  'deploy/alerts',
  'conformance/speech',
  'integration/worker-watch',
  'library/failed',
  'attack/attack',
  'balancer/haproxy',
  'integration/sink-faults',
  'bench/duplex.smoke',
  'balancer/nginx',
  'integration/measurement',
  'decoder/agreement',
  'decoder/wander',
  'bench/load.smoke',
  'nats/outage',
  'nats/speaking',
  'churn/churn',
  'integration/standstill',
  'capture/replay',
  'capture/faults',
  'integration/merge',
  'package/package',
  'integration/outsiders',
  'integration/failing-starts',
  'decoder/shape-agreement',
  'decoder/dying-worker',
  'examples/many-voice-agents',
  'integration/full-rings',
  'deploy/prometheus',
  'conformance/faults',
  'conformance/hostile',
  'examples/nats-consumer',
  'bench/scaling.smoke',
  'module/speaking',
  'nats/credentials',
  'chaos/speech',
];

function rankOf({ moduleId }: TestSpecification): number {
  const rank = first.findIndex((name) => moduleId.endsWith(`/${name}.slow.test.ts`));
  return rank < 0 ? first.length : rank;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => rankOf(one) - rankOf(other));
  }
}
