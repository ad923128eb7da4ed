/**
 * What settings must not say together, each with the remedy. Looks at all of them, so that everything wrong is reported in
 * one go. Pure.
 */
import type { Config } from './config.ts';
import { problemOfCidr } from './networks.ts';
import { flagName } from './settings.ts';

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function addresses(config: Config): string[] {
  const problems: string[] = [];
  if (config.auth === 'none' && !isLoopback(config.host) && !config.allowAnonymous) {
    problems.push(
      `--host: ${JSON.stringify(config.host)}: expected a loopback address while --auth is none: ` +
        'use --auth jwt or --auth token, or add --allow-anonymous if something in front of the gateway authenticates',
    );
  }
  if (config.port !== 0 && config.port === config.adminPort && config.host === config.adminHost) {
    problems.push(`--admin-port: ${config.adminPort}: expected another port than --port`);
  }
  if ((config.tlsCert === null) !== (config.tlsKey === null)) {
    problems.push('--tls-cert, --tls-key: expected both, or none');
  }
  if (config.proxyCidr.length > 0 && !config.trustProxy) {
    problems.push('--proxy-cidr: expected only together with --trust-proxy');
  }
  for (const key of ['allowCidr', 'proxyCidr'] as const) {
    for (const cidr of config[key]) {
      const problem = problemOfCidr(cidr);
      if (problem !== null) problems.push(`${flagName(key)}: ${JSON.stringify(cidr)}: ${problem}`);
    }
  }
  return problems;
}

function authentication({ auth, authToken, jwtAudience }: Config): string[] {
  const problems: string[] = [];
  if (auth === 'token' && authToken.length === 0) {
    problems.push('--auth-token: expected at least one with --auth token');
  }
  if (auth !== 'token' && authToken.length > 0) problems.push('--auth-token: expected only together with --auth token');
  if (auth === 'jwt' && jwtAudience.length === 0) {
    problems.push('--jwt-audience: expected with --auth jwt: the immutable resource id that the Azure portal shows');
  }
  if (auth !== 'jwt' && jwtAudience.length > 0) problems.push('--jwt-audience: expected only together with --auth jwt');
  return problems;
}

/** What is wrong with the text of a sink, or null; and the text without its secrets, which is the sink's name if nothing is. */
export interface SinkTexts {
  readonly problem: (text: string) => string | null;
  readonly shown: (text: string) => string;
}

/** Series of two sinks with one name could not be told apart. */
function sinksOfOneName(texts: readonly string[], sinks: SinkTexts): string[] {
  const names = texts.filter((text) => sinks.problem(text) === null).map(sinks.shown);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return Array.from(
    repeated,
    (name) =>
      `--sink: ${JSON.stringify(name)}: expected sinks of different names, by which metrics and logs tell them apart: ` +
      'another folder, another subject prefix, or for a module another name=',
  );
}

export function contradictions(config: Config, sinks: SinkTexts): string[] {
  const problems = [...addresses(config), ...authentication(config)];
  if (config.lanes !== 0 && config.lanes < config.workers) {
    problems.push(`--lanes: ${config.lanes}: expected at least as many as --workers (${config.workers}), or 0`);
  }
  for (const sink of config.sink) {
    const problem = sinks.problem(sink);
    if (problem !== null) problems.push(`--sink: ${JSON.stringify(sinks.shown(sink))}: ${problem}`);
  }
  problems.push(...sinksOfOneName(config.sink, sinks));
  return problems;
}
