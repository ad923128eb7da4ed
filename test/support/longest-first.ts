/**
 * The order of files: what takes longest begins first, or it would run alone at the end. Vitest knows that from earlier runs; this
 * is for a clone that has none. What burns CPU time stands beside what waits.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const first = [
  'integration/hung-threads',
  'chaos/chaos',
  'decoder/agreement',
  'balancer/haproxy',
  'integration/worker-watch',
  'balancer/nginx',
  'decoder/dying-worker',
  'library/failed',
  'deploy/alerts',
  'decoder/wander',
  'integration/merge',
  'decoder/shape-agreement',
  'integration/sink-faults',
  'integration/measurement',
  'attack/attack',
  'integration/outsiders',
  'deploy/prometheus',
  'nats/credentials',
  'capture/faults',
  'fuzz/websocket',
  'capture/replay',
  'bench/load.smoke',
  'integration/failing-starts',
  'nats/outage',
  'integration/standstill',
  'conformance/faults',
  'bench/fleet.smoke',
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
