/**
 * The order of files: what takes longest begins first, or it would run alone at the end. Vitest knows that from earlier runs; this
 * is for a clone that has none. What burns CPU time stands beside what waits.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const first = [
  'integration/hung-threads',
  'chaos/chaos',
  'decoder/wander',
  'balancer/haproxy',
  'integration/worker-watch',
  'balancer/nginx',
  'decoder/agreement',
  'library/failed',
  'deploy/alerts',
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
  'check/faults',
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
