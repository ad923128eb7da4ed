/**
 * The order of files: what takes longest begins first, or it would run alone at the end. Vitest knows that from earlier runs; this
 * is for a clone that has none. What burns CPU time stands beside what waits.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const first = [
  'chaos/chaos',
  'library/failed',
  'integration/worker-watch',
  'balancer/haproxy',
  'integration/hung-threads',
  'balancer/nginx',
  'fuzz/websocket',
  'deploy/alerts',
  'capture/faults',
  'integration/sink-faults',
  'fuzz/http',
  'decoder/agreement',
  'integration/measurement',
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
