/** Which gateway gets a new stream. A placement sees only those that would take it. Pure but for the turn of round robin. */
import type { Gateway } from './gateway.ts';
import type { Random } from './random.ts';

export interface Placement {
  readonly label: string;
  /** A fresh one for each fleet: it may count turns. At least one gateway is open. */
  create(random: Random): (open: readonly Gateway[]) => Gateway;
}

/** HAProxy's `leastconn`, nginx's `least_conn`, with one balancer: it knows how many streams each has. */
export const leastConnections: Placement = {
  label: 'least connections',
  create: () => (open) => {
    let best = open[0]!;
    for (const gateway of open) if (gateway.streams.size < best.streams.size) best = gateway;
    return best;
  },
};

/** What kube-proxy does with a Service, in its default mode. */
export const anyOne: Placement = {
  label: 'random',
  create: (random) => (open) => open[random.below(open.length)]!,
};

export const roundRobin: Placement = {
  label: 'round robin',
  create: () => {
    let turn = 0;
    return (open) => open[turn++ % open.length]!;
  },
};

/** The emptier of two that are drawn: what Envoy calls least request, HAProxy `random(2)`. */
export const twoChoices: Placement = {
  label: 'random of two',
  create: (random) => (open) => {
    const a = open[random.below(open.length)]!;
    const b = open[random.below(open.length)]!;
    return b.streams.size < a.streams.size ? b : a;
  },
};

export const placements: readonly Placement[] = [leastConnections, twoChoices, roundRobin, anyOne];
