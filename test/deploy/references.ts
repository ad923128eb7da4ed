/**
 * What a file of deploy/ says about the gateway, and whether the code agrees: variables of the environment with their values,
 * flags, ports, paths, metrics, files of the repository. Looks at the text, comments too: they are what people copy.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { simulateSettings } from '../../src/cli/simulate-settings.ts';
import { environmentPrefix } from '../../src/config/config.ts';
import { serveSettings } from '../../src/config/serve-settings.ts';
import { environmentName, flagName } from '../../src/config/setting.ts';
import { sinkProblem } from '../../src/config/sink-spec.ts';
import { type DeployedFile, root } from './deployed-files.ts';

/** Flags of other programs that stand in our files. Whatever is neither here nor ours is a typing error. */
const foreignFlags: Readonly<Record<string, readonly string[]>> = {
  az: ['resource-group', 'template-file', 'parameters'],
  'cert-manager': ['issuer-ambient-credentials'],
  docker: ['build-arg', 'from', 'interval', 'timeout', 'start-period', 'retries', 'profile'],
  npm: ['ignore-scripts', 'no-audit', 'no-fund', 'omit', 'sbom-format'],
  node: ['input-type'],
  prometheus: ['config.file', 'storage.tsdb.path', 'storage.tsdb.retention.time', 'web.enable-lifecycle'],
  alertmanager: ['config.file', 'storage.path', 'cluster.listen-address'],
  nats: ['config'],
  systemctl: ['now'],
};

/** Ports of other programs. */
const foreignPorts: Readonly<Record<number, string>> = {
  53: 'DNS',
  80: 'nobody: there is no redirect',
  443: 'TLS',
  3000: 'Grafana',
  4222: 'NATS',
  8222: 'NATS, monitoring',
  8404: 'HAProxy, status',
  8405: 'nginx, status',
  8406: 'HAProxy, its certificate',
  8407: "HAProxy's master, on loopback",
  8443: 'HAProxy on a machine of its own',
  9090: 'Prometheus',
  9093: 'Alertmanager',
  9095: 'whoever is told by the Alertmanager',
  9100: 'the machine, in tests of the rules',
  9461: 'the admin port of acs-audio-gateway@1',
  9462: 'the admin port of acs-audio-gateway@2',
};

export const ingestPort = serveSettings.port.fallback;
export const adminPort = serveSettings.adminPort.fallback;
/** What the gateway answers, by port; a test asks a real one. */
export const endpoints: ReadonlyMap<number, readonly string[]> = new Map([
  [ingestPort, ['/audio', '/healthz', '/readyz']],
  [adminPort, ['/healthz', '/readyz', '/metrics', '/streams', '/console']],
]);

const keyOfName = new Map(
  Object.keys(serveSettings).map((key) => [environmentName(environmentPrefix, key), key as keyof typeof serveSettings]),
);
const ourFlags = new Set([
  ...Object.keys(serveSettings).map(flagName),
  ...Object.keys(simulateSettings).map(flagName),
  ...['--config', '--help', '--version'],
]);
const otherFlags = new Set(Object.values(foreignFlags).flatMap((names) => names.map((name) => `--${name}`)));

export function all(text: string, pattern: RegExp): string[][] {
  return Array.from(text.matchAll(pattern), (match) => match.slice(1).map((group) => group ?? ''));
}

export function environmentProblems(text: string): string[] {
  const names = all(text, /(ACS_GATEWAY_[A-Z0-9_]*[A-Z0-9])(?![A-Z0-9_])/g).map(([name]) => name!);
  const unknown = names.filter((name) => !keyOfName.has(name) && name !== `${environmentPrefix}CONFIG`);
  const problems = unknown.map((name) => `${name}: no such setting`);
  // NAME=value, NAME: value, and an entry with `name` and `value`.
  const given = [
    ...all(text, /(ACS_GATEWAY_\w+)(?:=|: +)(?:'([^']*)'|"([^"]*)"|([^\s'"#,]+))/g),
    ...all(text, /name: (ACS_GATEWAY_\w+)\s+value: +(?:'([^']*)'|"([^"]*)"|([^\s'"#]+))/g),
  ];
  for (const [name, ...values] of given) {
    const key = keyOfName.get(name!);
    const value = givenValue(values.join(''));
    if (key === undefined || value === null) continue;
    const { schema, repeatable, expects } = serveSettings[key];
    const read = schema.safeParse(repeatable ? value.split(',') : value);
    if (!read.success) problems.push(`${name}: ${JSON.stringify(value)}: expected ${expects}`);
    else if (key === 'sink') problems.push(...value.split(',').flatMap((sink) => sinkProblem(sink) ?? []));
  }
  return problems;
}

/** What would reach the gateway: systemd's %i is a digit, the default of ${NAME:-default}. Null for what stands for a value. */
function givenValue(text: string): string | null {
  const fallback = /^\$\{\w+:?-(.*)\}$/.exec(text)?.[1];
  const value = (fallback ?? text).replaceAll('%i', '1');
  return value.includes('…') || value.startsWith('$') ? null : value;
}

function flagProblems(text: string): string[] {
  return all(text, /(?<![\w-])(--[a-z][\w.-]*\w)/g)
    .map(([flag]) => flag!)
    .filter((flag) => !ourFlags.has(flag) && !otherFlags.has(flag))
    .map((flag) => `${flag}: no flag of ours, and of no other program in test/deploy/references.ts`);
}

function portProblems(text: string): string[] {
  const problems: string[] = [];
  const known = (port: number) => port === ingestPort || port === adminPort || port in foreignPorts;
  // After a colon, but not an image's tag, not a user's id; and after a word that announces one.
  const written = [
    ...all(text, /(?<![\d:]\d{4}|sha256):(\d{2,5})(?![\w.:-])/g),
    ...all(text, /\b(?:port|targetPort|containerPort|PORT|EXPOSE|listen)(?:=|:)? +'?(\d{2,5})\b(?!\.)/g),
  ];
  for (const [port] of written) if (!known(Number(port))) problems.push(`port ${port}: whose is it?`);
  for (const [host, port] of all(text, /\b((?:acs-audio-)?gateway(?:-\d)?):(\d{2,5})\b(?!\.)/g)) {
    if (![ingestPort, adminPort].includes(Number(port))) problems.push(`${host}:${port}: the gateway has no such port`);
  }
  return problems;
}

export function pathProblems(text: string): string[] {
  const ours = new Set([...endpoints.values()].flat());
  const similar = all(text, /(?<![\w/.-])(\/(?:health|ready|live|metric|stream|audio)\w*)/g).map(([path]) => path!);
  const asked = all(text, /(?:\buri|\bpath:|metrics_path:) +'?(\/\w+)/g).map(([path]) => path!);
  const foreign = ['/stats', '/nginx_status'];
  const strange = [...similar, ...asked].filter((path) => !ours.has(path) && !foreign.includes(path));
  const misplaced = all(text, /:(\d{4})(\/\w+)/g).filter(
    ([port, path]) => endpoints.get(Number(port))?.includes(path!) === false,
  );
  return [...strange, ...misplaced.map((pair) => pair.join(' '))].map(
    (path) => `${path}: the gateway has no such path`,
  );
}

export function metricProblems(text: string, metrics: ReadonlySet<string>): string[] {
  return all(text, /\b(acs_gateway[_:][\w:]*\w)/g)
    .map(([name]) => name!)
    .filter((name) => !metrics.has(name))
    .map((name) => `${name}: no such metric`);
}

/** Files of the repository: by their path, by the address of a page, or as what `npm run build` makes of them. */
export function fileProblems(text: string): string[] {
  const folders = 'deploy|docs|grafana|src|test|bench|examples';
  const named = all(text, new RegExp(`(?<![\\w./-]|image: )((?:${folders})/[\\w@./-]*\\w)`, 'g'));
  const linked = all(text, /example\.com\/acs-audio-gateway\/([\w./-]*\w)/g);
  const built = all(text, /\bdist\/([\w./-]*)\.js\b/g).map(([name]) => [`src/${name}.ts`]);
  const scripts = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Scripts).scripts);
  const run = all(text, /npm (?:run|test|start) ?([a-z:]*)/g).filter(
    ([name]) => name !== '' && !scripts.includes(name!),
  );
  return [
    ...[...named, ...linked, ...built]
      .filter(([path]) => !existsSync(join(root, path!)))
      .map(([path]) => `${path}: no such file`),
    ...run.map(([name]) => `npm run ${name}: no such script`),
  ];
}

interface Scripts {
  readonly scripts: Readonly<Record<string, string>>;
}

/** Everything in a file that the code does not know: a line each. `metrics` are the names that a query may use. */
export function referenceProblems({ path, text }: DeployedFile, metrics: ReadonlySet<string>): string[] {
  return [
    ...environmentProblems(text),
    ...flagProblems(text),
    ...portProblems(text),
    ...pathProblems(text),
    ...metricProblems(text, metrics),
    ...fileProblems(text),
  ].map((problem) => `${path}: ${problem}`);
}
