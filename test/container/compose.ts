/** The system of deploy/compose.yaml, for more than a minute under the calls of its simulator. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readCompose } from './compose-file.ts';
import type { ContainerEngine } from './engine.ts';
import { Fleet } from './fleet.ts';
import { buildServices, hasStandIn } from './images.ts';
import type { Results } from './results.ts';

const gateways = ['gateway-1', 'gateway-2'];

/** Until five scrapes were made, and the alerts with `for: 1m` would have come. */
const watchMs = 80_000;

interface Vector {
  readonly data: { readonly result: { readonly metric: Record<string, string>; readonly value: [number, string] }[] };
}

interface Streams {
  readonly streams: { readonly state: string; readonly remoteAddress: string }[];
}

function query(fleet: Fleet, expression: string): Vector['data']['result'] {
  const path = `/api/v1/query?${new URLSearchParams({ query: expression })}`;
  return (JSON.parse(fleet.network.get('prometheus', 9090, path)!) as Vector).data.result;
}

function streamsOf(fleet: Fleet, gateway: string): Streams['streams'] {
  return (JSON.parse(fleet.network.get(gateway, 9464, '/streams')!) as Streams).streams;
}

async function watch(fleet: Fleet, results: Results): Promise<void> {
  await sleep(watchMs);
  const streams = gateways.map((name) => streamsOf(fleet, name).filter(({ state }) => state === 'open'));
  const counts = streams.map(({ length }) => length);
  const isEven = counts.every((count) => count >= 15) && counts[0]! + counts[1]! <= 40;
  results.check('both gateways have streams', isEven, counts.join(' and '));
  const addresses = [...new Set(streams.flat().map(({ remoteAddress }) => remoteAddress))];
  const isClient = addresses.length === 1 && fleet.network.addressesOf('simulator').includes(addresses[0]!);
  results.check("the caller's address, through HAProxy", isClient, addresses.join(' '));

  const up = query(fleet, 'up == 1').map(({ metric }) => metric['instance']!);
  const isUp = gateways.every((name) => up.includes(`${name}:9464`)) && up.includes('haproxy:8404');
  results.check('Prometheus scrapes them', isUp, up.sort().join(' '));
  const recorded = query(fleet, 'sum(acs_gateway:frames_committed:rate1m)')[0]?.value[1] ?? '0';
  results.check('the recording rules have values', Number(recorded) > 2000, `${Number(recorded).toFixed(0)} frames/s`);
  const alerts = query(fleet, 'ALERTS').map(({ metric }) => `${metric['alertname']} ${metric['alertstate']}`);
  results.check('no alert, pending or firing', alerts.length === 0, alerts.join(', ') || 'none');
  const managers = fleet.network.get('prometheus', 9090, '/api/v1/alertmanagers')!;
  results.check('Prometheus has its Alertmanager', managers.includes('alertmanager:9093'), 'alertmanager:9093');

  const nats = JSON.parse(fleet.network.get('nats', 8222, '/varz')!) as { in_msgs: number; connections: number };
  const isFed = nats.in_msgs > 100_000 && nats.connections >= 2;
  results.check('NATS gets the frames of both', isFed, `${nats.in_msgs} messages, ${nats.connections} connections`);
  const reach = fleet.containers.get('simulator')!.exec('node', '-e', connectTo(fleet.network.addressesOf('nats')[0]!));
  results.check('callers cannot reach NATS', reach.code === 3, reach.code === 3 ? 'no way there' : 'connected');
}

/** Ends with 3 if nothing can be reached there. */
function connectTo(host: string): string {
  return `require('net').connect({ host: '${host}', port: 4222, timeout: 1000 }).on('connect', () => process.exit(0)).on('error', () => process.exit(3)).on('timeout', () => process.exit(3))`;
}

export async function checkCompose(engine: ContainerEngine, results: Results): Promise<void> {
  results.section('deploy/compose.yaml');
  const file = readCompose();
  const services = Object.fromEntries(Object.entries(file.services).filter(([, { image }]) => hasStandIn(image)));
  const without = Object.keys(file.services).filter((name) => services[name] === undefined);
  results.note('not to be had here', without.join(' '));
  const images = [...new Set(Object.values(services).map(({ image }) => image))];
  buildServices(
    engine,
    images.filter((image) => image !== 'acs-audio-gateway'),
  );

  const fleet = new Fleet(engine, file, services);
  try {
    const before = Date.now();
    await fleet.start();
    for (const name of ['prometheus', 'alertmanager']) await fleet.healthy(name);
    results.check('all services start, in their order', true, `${((Date.now() - before) / 1000).toFixed(1)} s`);
    await watch(fleet, results);

    const stopping = Date.now();
    const codes = await fleet.stop();
    results.note('`down`', `${((Date.now() - stopping) / 1000).toFixed(1)} s`);
    for (const name of gateways) {
      const last = fleet.containers.get(name)!.log.at(-1)!;
      const isDrained = codes.get(name) === 0 && last['msg'] === 'drained' && last['streamsCut'] === 0;
      results.check(
        `${name} drains, no stream cut`,
        isDrained,
        `exit code ${codes.get(name)}, ${last['msg']}, ${last['committed']} frames`,
      );
    }
    const others = Array.from(codes, ([name, code]) => `${name} ${code}`).join(', ');
    results.note('exit codes', others);
  } finally {
    fleet.close();
  }
}
