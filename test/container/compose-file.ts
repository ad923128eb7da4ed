/** deploy/compose.yaml as data: its services with what they mount, need and listen to. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';

export const composePath = resolve(import.meta.dirname, '../../deploy/compose.yaml');

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly memswap_limit?: string;
  readonly ulimits?: { readonly nofile: { readonly soft: number; readonly hard: number } };
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly pull_policy?: string;
  readonly logging?: object;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
}

export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, object | null>>;
  readonly volumes: Readonly<Record<string, object | null>>;
}

/** With `<<` merged. */
export function parseCompose(text: string): ComposeFile {
  return parse(text, { merge: true }) as ComposeFile;
}

export function readCompose(): ComposeFile {
  return parseCompose(readFileSync(composePath, 'utf8'));
}

export interface Mount {
  /** A path of this machine, or the name of a volume. */
  readonly source: string;
  readonly isVolume: boolean;
  readonly target: string;
  readonly isReadOnly: boolean;
}

export function mountsOf(service: Service): Mount[] {
  return (service.volumes ?? []).map((text) => {
    const [source, target, mode] = text.split(':') as [string, string, string | undefined];
    const isVolume = !/^[./]/.test(source);
    const path = isVolume ? source : join(dirname(composePath), source);
    return { source: path, isVolume, target, isReadOnly: mode === 'ro' };
  });
}

/** Milliseconds of a duration such as 30s or 2m. */
export function milliseconds(duration: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(duration);
  if (match === null) throw new Error(`${duration} is no duration`);
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h'];
}

/** Services in an order in which each comes after those that it depends on. Throws if there is none. */
export function startOrder(services: Readonly<Record<string, Service>>): string[] {
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]) => {
    if (order.includes(name)) return;
    if (path.includes(name)) throw new Error(`services that wait for each other: ${[...path, name].join(', ')}`);
    const service = services[name];
    if (service === undefined) throw new Error(`${path.at(-1)} depends on ${name}, which is no service`);
    for (const needed of Object.keys(service.depends_on ?? {})) visit(needed, [...path, name]);
    order.push(name);
  };
  for (const name of Object.keys(services)) visit(name, []);
  return order;
}
