/** Waiting for alerts to arrive: as long as it takes, and three times as long on a machine that is busy. */
import { expect } from 'vitest';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { Starvation } from '../support/starvation.ts';
import type { Alerting, Notification } from './alerting.ts';

const arrivalMsMax = 40_000;
/** Where everything gets its turn late, so do Prometheus and the Alertmanager, one behind the other. */
const busyFactor = 3;

/** A gateway on a machine that has other things to do is late, honestly, and late audio is irregular. */
const ofTheMachine = /EventLoopDelayed|ResidenceHigh|JitterHigh/;
/**
 * And one that was seen to be busy may answer a scrape, which gets a fortieth of its time, too late, let callers wait, or refuse them.
 * One stall of what is spoken is a hundredth of 7 s, but not of 5 min.
 */
const ofABusyMachine =
  /EventLoopDelayed|ResidenceHigh|JitterHigh|StreamsStalled|UpgradesRefused|Down|PlaybackUnderruns|PlaybackClearSlow/;

/** What may arrive of gateways for which nothing was done but run them. */
export function excused(machine: Starvation): RegExp {
  return machine.wakesLate ? ofABusyMachine : ofTheMachine;
}

export function instanceOf(gateway: GatewayProcess): string {
  return `127.0.0.1:${gateway.adminPort}`;
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await using machine = await Starvation.watch();
  const begunMs = Date.now();
  for (;;) {
    const askedMs = performance.now();
    if (await condition()) return;
    if (Date.now() > begunMs + arrivalMsMax * (machine.wakesLate ? busyFactor : 1))
      throw new Error(`not in time: ${what}`);
    // Both servers have enough to do: a question costs them more than us.
    const pauseMs = Math.min(500, Math.max(50, 20 * (performance.now() - askedMs)));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** The alert of this gateway with these labels, once it fires: where it belongs, and with words that are complete. */
export async function arrives(
  alerting: Alerting,
  gateway: GatewayProcess,
  labels: Readonly<Record<string, string>>,
): Promise<Notification> {
  const wanted = { ...labels, alertname: `AcsGateway${labels['alertname']}`, instance: instanceOf(gateway) };
  try {
    await until(JSON.stringify(wanted), () => alerting.firing(wanted) !== undefined);
  } catch (error) {
    const had = new Set(alerting.received.map((each) => `${each.status} ${JSON.stringify(each.labels)}`));
    throw new Error(`${(error as Error).message}; arrived: ${[...had].join('\n')}`);
  }
  const found = alerting.firing(wanted)!;
  expect(found.receiver).toBe(labels['severity'] === 'critical' ? 'pager' : 'tickets');
  expect(found.annotations['summary']).toContain(wanted.instance);
  expect(JSON.stringify(found.annotations)).not.toMatch(/no value|%!/);
  return found;
}

/** Names of the alerts that have arrived of this gateway, without our prefix. */
export function arrived(alerting: Alerting, gateway: GatewayProcess): Set<string> {
  const own = alerting.received.filter(({ labels }) => labels['instance'] === instanceOf(gateway));
  return new Set(own.map(({ labels }) => labels['alertname']!.replace('AcsGateway', '')));
}
