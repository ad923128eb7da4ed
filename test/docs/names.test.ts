/**
 * Every name on any page exists: flags, settings, commands, metrics, labels, error codes, log records, endpoints, files, links with their
 * anchors, classes. What belongs to other programs is listed here, by program; whatever is in neither place is a typing error, or stale.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorCodes, inexactExitCode } from '../../src/base/errors.ts';
import { checkSettings } from '../../src/cli/check.ts';
import { replaySettings } from '../../src/cli/replay.ts';
import { simulateSettings } from '../../src/cli/simulate-settings.ts';
import { serveSettings } from '../../src/config/serve-settings.ts';
import { flagName } from '../../src/config/setting.ts';
import { all, environmentProblems, fileProblems, metricProblems, pathProblems } from '../deploy/references.ts';
import { readCatalogue } from '../grafana/catalogue.ts';
import { anchorsOf, type Page, pages, read, root, sourceText } from './pages.ts';

const foreign = {
  flags: {
    az: `--name --query --output --network-policy --resource-group --group --drain-timeout --location --zones --node-count --node-vm-size
      --network-plugin --network-plugin-mode --network-dataplane --enable-oidc-issuer --enable-workload-identity --enable-keda --enable-addons
      --enable-azure-monitor-metrics --azure-monitor-workspace-resource-id --sku --zone --allocation-method --vault-name --value --identity-name
      --issuer --subject --audiences --role --assignee --scope --template-file --parameters --attach-acr --enable-secret-rotation --definition
      --cluster-name --max-surge --node-os-upgrade-channel --schedule-type --day-of-week --interval-weeks --duration --utc-offset --start-time
      --undrainable-node-behavior`.split(/\s+/),
    'cert-manager': ['--issuer-ambient-credentials'],
    cosign: ['--type', '--predicate', '--entrypoint'],
    curl: ['--http1.1', '--max-time', '--data-urlencode'],
    docker:
      '--build-arg --name --read-only --cap-drop --security-opt --memory --memory-swap --ulimit --stop-timeout --rm --init --cpus --restart --platform --profile --format'.split(
        ' ',
      ),
    esbuild: ['--bundle', '--external', '--outfile'],
    git: ['--show-current'],
    jq: ['--argjson'],
    kubectl: '--from-literal --from-file --grace-period --tail --prefix --timeout --max-graceful-termination-sec'.split(
      ' ',
    ),
    nats: '--subjects --storage --max-age --max-bytes --discard --dupe-window'.split(' '),
    node: ['--max-old-space-size', '--trace-gc'],
    npm: ['--save-dev', '--silent', '--omit'],
    prometheus: ['--config.file', '--storage.tsdb.path', '--storage.path', '--web.enable-lifecycle'],
    sysadmin: '--system --home-dir --shell --since --now --pid --nofile'.split(' '),
    // Shown as a mistake.
    nobody: ['--colour', '--flag'],
    systemctl: ['--value'],
  },
  /** Snake case. */
  names: {
    python:
      'create_call create_group_call media_streaming start_media_streaming enable_dtmf_tones enable_bidirectional stream_to_gateway',
    haproxy:
      'haproxy_process_idle_time_percent haproxy_server_status haproxy_backend_active_servers haproxy_server_check_code haproxy_frontend_current_sessions haproxy_frontend_http_responses_total haproxy_backend_current_sessions haproxy_server_redispatch_warnings_total',
    nginx:
      'proxy_read_timeout proxy_http_version proxy_connect_timeout client_header_timeout client_header_buffer_size worker_shutdown_timeout limit_conn limit_req stub_status max_fails fail_timeout remote_addr proxy_add_x_forwarded_for error_log worker_processes',
    prometheus:
      'rule_files scrape_configs scrape_duration_seconds label_values runbook_url log10 scrape_interval predict_linear',
    // `__rate_interval` and the like.
    grafana: '__rate_interval',
    linux: 'ip_local_port_range tcp_migrate_req tcp_rmem cfs_quota_us cpu_cfs_quota_us nr_throttled x86_64',
    systemd: 'system_service',
    uWebSockets: 'ssl_ciphers dh_params_file_name ssl_prefer_low_memory_usage',
    node: 'worker_threads',
    nats: 'slow_consumers',
  },
};

const foreignFlags = new Set(Object.values(foreign.flags).flat());
const foreignNames = new Set(Object.values(foreign.names).flatMap((names) => names.split(' ')));
const code = sourceText('src', 'bench', 'grafana', 'examples', 'test', 'docs');
const words = new Set(code.match(/[A-Za-z_]\w*/g));
/** The commands of the product, by their settings; tools and examples, by what their sources say. */
const settings = [serveSettings, simulateSettings, replaySettings, checkSettings];
const tools = sourceText(
  'bench',
  'grafana',
  'examples',
  'src/cli',
  'test/attack',
  'test/chaos',
  'test/churn',
  'test/container',
  'test/fresh',
  'test/fuzz',
  'test/kills',
);
const ourFlags = new Set([
  ...settings.flatMap((each) => Object.keys(each).map(flagName)),
  ...all(tools, /(--[a-z][a-z-]*[a-z])/g).map(([flag]) => flag!),
  ...all(tools, /^ {4,6}'?([a-z-]+)'?: \{ type: /gm).map(([key]) => `--${key}`),
]);
const commands = new Set(['serve', 'simulate', 'capture', 'recording', 'doctor', 'help', 'version']);
const exitCodes = new Set<number>([...Object.values(errorCodes), inexactExitCode, 0, 1, 2, 130, 137]);
const everyPage = pages();
let metrics: ReadonlySet<string>;

beforeAll(async () => {
  const catalogue = await readCatalogue();
  const histograms = [...catalogue.keys()].filter((name) => name.endsWith('_bucket')).map((name) => name.slice(0, -7));
  metrics = new Set([...catalogue.keys(), ...histograms]);
});

/** What stands between single backticks, outside of blocks. */
function inlineCode(text: string): string[] {
  return all(text.replaceAll(/^```[\s\S]*?^```$/gm, ''), /`([^`\n]+)`/g).map(([inline]) => inline!);
}

function flagProblems({ text }: Page): string[] {
  return all(text.replaceAll(/\]\([^)]*\)/g, ']'), /(?<![\w-])(--[a-z][\w.-]*\w)(?![\w-]*…)/g)
    .map(([flag]) => flag!)
    .filter((flag) => !ourFlags.has(flag) && !foreignFlags.has(flag))
    .map((flag) => `${flag}: no such flag`);
}

function commandProblems({ text }: Page): string[] {
  const called = all(text, /(?:^|`|npx |run --rm )(?:acs-audio-gateway|node dist\/main\.js) ([a-z]+)\b/gm);
  return called.filter(([name]) => !commands.has(name!)).map(([name]) => `acs-audio-gateway ${name}: no such command`);
}

function nameProblems({ text }: Page): string[] {
  const named = inlineCode(text).flatMap(
    (inline) => inline.match(/(?<![\w./:$-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b/g) ?? [],
  );
  const isKnown = (name: string): boolean =>
    words.has(name) || metrics.has(name) || metrics.has(`acs_gateway_${name}`) || foreignNames.has(name);
  return named.filter((name) => !isKnown(name)).map((name) => `${name}: no such metric, label, code or reason`);
}

/** Classes, fields and functions, on the pages that are about our code. */
function identifierProblems({ path, text }: Page): string[] {
  if (
    !['ARCHITECTURE', 'library', 'recordings', 'http', 'capture', 'simulate'].some((name) => path === `docs/${name}.md`)
  )
    return [];
  const named = inlineCode(text).flatMap((inline) => inline.match(/(?<![\w./:-])[A-Za-z]*[a-z][A-Z]\w*/g) ?? []);
  return named.filter((name) => !words.has(name)).map((name) => `${name}: not in the code`);
}

function recordProblems({ text }: Page): string[] {
  const tables = all(text, /^(\| `msg` \|.*\n\|[-|]+\n(?:\|.*\n)+)/gm).map(([table]) => table!);
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(2));
  const records = rows.flatMap((row) => all(row.split('|')[1]!, /`([^`]+)`/g).map(([record]) => record!));
  // Those of a supervised thread are made of its name and what happened.
  const isKnown = (record: string): boolean =>
    code.includes(`'${record}'`) || /^(sink|capture|console) thread (died|hangs)$/.test(record);
  return records.filter((record) => !isKnown(record)).map((record) => `${record}: no such log record`);
}

function exitCodeProblems({ text }: Page): string[] {
  return all(text, /exit code (\d+)/g)
    .filter(([exit]) => !exitCodes.has(Number(exit)))
    .map(([exit]) => `exit code ${exit}: no command ends with it`);
}

function settingProblems({ text }: Page): string[] {
  // Quoted as `NAME=value`; what Kubernetes makes of a Service's name is no setting, and is shown because it is refused.
  const own = text.replaceAll('`', ' ').replaceAll(/.*ACS_GATEWAY_(ADMIN_)?SERVICE_.*|.*tcp:\/\/10\.0\.0\.1.*/g, '');
  return environmentProblems(own.replaceAll(/ACS_GATEWAY_PORT_\w+/g, ''));
}

function linkProblems({ path, text }: Page): string[] {
  const problems: string[] = [];
  for (const [target, anchor] of all(text, /\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
    const file = target === '' ? path : relative(root, resolve(root, dirname(path), target!));
    if (!existsSync(join(root, file))) problems.push(`${target}: no such file`);
    else if (anchor !== '' && file.endsWith('.md') && !anchorsOf({ path: file, text: read(file) }).has(anchor!)) {
      problems.push(`${target}#${anchor}: no such heading`);
    }
  }
  return problems;
}

/** Folders that a run makes, an object of Kubernetes. */
const noFiles = ['bench/results', 'deploy/acs-audio-gateway', 'docs/benchmarks/results'];

function problemsOf(page: Page): string[] {
  return [
    ...flagProblems(page),
    ...settingProblems(page),
    ...commandProblems(page),
    ...nameProblems(page),
    ...identifierProblems(page),
    ...recordProblems(page),
    ...exitCodeProblems(page),
    ...linkProblems(page),
    ...pathProblems(page.text.replaceAll(/https?:\/\/(?!127)[^\s)]+/g, '')),
    // A name is cut where a regular expression or `…` continues it.
    ...metricProblems(page.text.replaceAll(/acs_gateway[_:][\w:]*(?:\(|…|\[)/g, ''), metrics),
    ...fileProblems(page.text).filter((problem) => !noFiles.some((file) => problem.startsWith(`${file}:`))),
  ];
}

describe('every name exists', () => {
  test.each(everyPage.map((page) => [page.path, page] as const))('on %s', (_path, page) => {
    expect(problemsOf(page)).toEqual([]);
  });
});

test.each([
  ['--ring-second', '--ring-second: no such flag'],
  ['ACS_GATEWAY_RING_SECOND=2', 'no such setting'],
  ['`acs-audio-gateway simulat`', 'simulat: no such command'],
  ['`upgrade_total`', 'upgrade_total: no such metric'],
  ['acs_gateway_upgrade_total', 'no such metric'],
  ['| `msg` | |\n|---|---|\n| `sink wrong` | |\n', 'sink wrong: no such log record'],
  ['exit code 16', 'exit code 16'],
  ['[x](docs/setting.md)', 'docs/setting.md: no such file'],
  ['[x](docs/settings.md#timeouts)', 'docs/settings.md#timeouts: no such heading'],
  ['`src/lane/lanes.ts`', 'src/lane/lanes.ts: no such file'],
  ['npm run soaks', 'npm run soaks: no such script'],
  ['GET /metric', '/metric: the gateway has no such path'],
])('a name that does not exist is found: %s', (text, problem) => {
  expect(problemsOf({ path: 'README.md', text }).join('\n')).toContain(problem);
});

test('a class that does not exist is found', () => {
  expect(problemsOf({ path: 'docs/ARCHITECTURE.md', text: '`GatewayAudience`' })).toEqual([
    'GatewayAudience: not in the code',
  ]);
});

test('each page of more than 150 lines has a list of contents that names its sections', () => {
  const without = everyPage
    .filter(({ text }) => text.split('\n').length > 150)
    .filter(({ text }) => {
      const sections = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^## (.*)$/gm)];
      const top = text.slice(0, text.indexOf('\n## '));
      return (top.match(/\]\(#/g)?.length ?? 0) < Math.min(sections.length, 4);
    })
    .map(({ path }) => path);
  expect(without).toEqual([]);
});
