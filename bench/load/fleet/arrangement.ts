/** How streams come to gateways: how many there are, and what stands in front of them. */
import { startHaproxy } from '../proxy/haproxy.ts';
import type { ProxyProcess } from '../proxy/proxy-process.ts';
import { Member } from './member.ts';

export interface Arrangement {
  readonly label: string;
  readonly gateways: number;
  /** Of each gateway, on one port; absent: one. */
  readonly processes?: number;
  readonly isBalanced: boolean;
  /** In front of the balancer. */
  readonly isTls?: boolean;
}

export const one: Arrangement = { label: 'one gateway', gateways: 1, isBalanced: false };
export const two: Arrangement = { label: 'two gateways, split by the client', gateways: 2, isBalanced: false };
export const shared: Arrangement = {
  label: 'two processes sharing a port',
  gateways: 1,
  processes: 2,
  isBalanced: false,
};
export const oneBalanced: Arrangement = { label: 'one gateway behind HAProxy', gateways: 1, isBalanced: true };
export const twoBalanced: Arrangement = { label: 'two gateways behind HAProxy', gateways: 2, isBalanced: true };

export const oneTls: Arrangement = { ...oneBalanced, label: 'one gateway behind HAProxy with TLS', isTls: true };

export const arrangements: readonly Arrangement[] = [one, two, shared, oneBalanced, twoBalanced];

export interface Running {
  readonly members: readonly Member[];
  readonly balancer: ProxyProcess | null;
  /** Where the generators connect: each to one of them, in turns. */
  readonly ports: readonly number[];
  readonly isTls: boolean;
}

/** Runs it for as long as `use` takes, and ends all of it whatever happens. */
export async function withFleet<T>(
  { gateways, processes = 1, isBalanced, isTls = false }: Arrangement,
  streams: number,
  use: (running: Running) => Promise<T>,
): Promise<T> {
  const members: Member[] = [];
  let balancer: ProxyProcess | null = null;
  try {
    const starting = Array.from({ length: gateways }, () => Member.start(streams, processes));
    for (const started of await Promise.allSettled(starting)) {
      if (started.status === 'rejected') throw started.reason;
      members.push(started.value);
    }
    const ports = members.map(({ port }) => port);
    if (isBalanced) balancer = await startHaproxy({ ports, streamsMost: streams, isTls });
    const value = await use({ members, balancer, ports: balancer === null ? ports : [balancer.port], isTls });
    await balancer?.end();
    for (const member of members) await member.end();
    return value;
  } catch (error) {
    balancer?.kill();
    for (const member of members) await member.kill();
    throw error;
  }
}
