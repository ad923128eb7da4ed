/**
 * What settings must not say together, each with the remedy. Looks at all of them, so that everything wrong is reported in
 * one go. Pure.
 */
import { labelLimits } from '../base/limits.ts';
import { captureProblem } from './capture-spec.ts';
import { problemOfCidr } from './networks.ts';
import type { Config } from './serve-settings.ts';
import { flagName } from './setting.ts';
import { dividedSettings } from './share.ts';
import { parseSink, shownSink, sinkProblem } from './sink-spec.ts';

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
  if (config.console && config.adminToken === null && !isLoopback(config.adminHost)) {
    problems.push(
      `--console: expected an --admin-token, because --admin-host ${JSON.stringify(config.adminHost)} is not loopback: ` +
        'whoever reaches the port would see all calls',
    );
  }
  if (config.consoleAudio && !config.console) problems.push('--console-audio: expected only together with --console');
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

function authentication({ auth, authToken, jwtAudience, jwksUrl }: Config): string[] {
  const problems: string[] = [];
  if (/^https:\/\/[^/?#]*@/.test(jwksUrl)) {
    problems.push('--jwks-url: expected an address without user and password: keys are public');
  }
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

/** A module says only when it is loaded that it speaks. */
function speakingSinks({ playback, sink }: Config): string[] {
  const speaking = sink.map(parseSink).filter((spec) => 'kind' in spec && spec.kind === 'nats' && spec.playback);
  if (playback !== 'off' || speaking.length === 0) return [];
  return ['--playback: "off": expected on, or nothing, with --sink nats://…?playback'];
}

/** Two sinks with one name would share their series. */
function sinksOfOneName(texts: readonly string[]): string[] {
  const names = texts.filter((text) => sinkProblem(text) === null).map(shownSink);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return Array.from(
    repeated,
    (name) =>
      `--sink: ${JSON.stringify(name)}: expected sinks of different names, by which metrics and logs tell them apart: ` +
      'another folder, another subject prefix, or for a module another name=',
  );
}

function labels({ labelQuery, labelPath }: Config): string[] {
  const problems = labelQuery
    .filter((name) => name === 'accesstoken' || name === 'token')
    .map((name) => `--label-query: ${JSON.stringify(name)}: expected another name: this is where tokens are`);
  if (labelQuery.length > labelLimits.most) {
    problems.push(`--label-query: ${labelQuery.length} names: expected at most ${labelLimits.most}`);
  }
  if (labelPath && labelQuery.includes('path')) {
    problems.push('--label-query: "path": expected another name with --label-path, whose label has this one');
  }
  return problems;
}

/** What several gateways on one port cannot have, or cannot divide among themselves. */
function severalProcesses(config: Config): string[] {
  const { processes, sharePort, console: hasConsole } = config;
  const problems: string[] = [];
  if (process.platform !== 'linux') {
    if (processes > 1) problems.push(`--processes: ${processes}: expected 1: only Linux spreads connections over them`);
    if (sharePort)
      problems.push('--share-port: expected only on Linux, which spreads connections over those who share');
  }
  if (processes > 1 && hasConsole) {
    problems.push(`--console: expected only with --processes 1, not ${processes}: it shows the calls of one process`);
  }
  for (const key of dividedSettings) {
    if (config[key] >= processes) continue;
    problems.push(
      `--processes: ${processes}: expected at most ${flagName(key)}, ${config[key]}, which is divided among them`,
    );
  }
  return problems;
}

export function crossFieldProblems(config: Config): string[] {
  const problems = [...addresses(config), ...authentication(config), ...labels(config), ...severalProcesses(config)];
  for (const sink of config.sink) {
    const problem = sinkProblem(sink);
    if (problem !== null) problems.push(`--sink: ${JSON.stringify(shownSink(sink))}: ${problem}`);
  }
  const captureFault = config.capture === null ? null : captureProblem(config.capture);
  if (captureFault !== null) problems.push(`--capture: ${JSON.stringify(config.capture)}: ${captureFault}`);
  problems.push(...sinksOfOneName(config.sink), ...speakingSinks(config));
  return problems;
}
