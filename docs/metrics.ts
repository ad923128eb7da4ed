/**
 * Fills the tables of docs/metrics.md from what a real gateway answers to `/metrics`: `npm run docs:metrics`. A table stands
 * behind a comment that names its metrics; all else on the page is written by hand.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExpositionFamily, parseExposition } from '../test/grafana/exposition.ts';
import { GatewayProcess } from '../test/support/gateway-process.ts';

export const metricsPage = join(import.meta.dirname, 'metrics.md');
const table = /<!-- metrics: ([^>]*) -->\n(?:.*\n)*?<!-- \/metrics -->/g;

/** What the numbers count, by the name; the first that fits. */
const units: readonly (readonly [RegExp, string])[] = [
  [/_seconds(_total)?$/, 'seconds'],
  [/_bytes(_total)?$/, 'bytes'],
  [/_utilization$/, '0 to 1'],
  [/_(draining|degraded|build_info)$/, ''],
  [/_lane_batch_frames$/, 'records'],
  [/_frames_/, 'frames'],
  [/_messages_|_fallback_|_audio_before_|_timestamps_/, 'messages'],
  [/_streams?_/, 'streams'],
  [/_participants_/, 'participants'],
  [/_tasks_/, 'lanes'],
  [/_call_files_|_calls_deleted_/, 'calls'],
  [/_recordings_total$/, 'files'],
  [/_connections_/, 'connections'],
  [/_processes$/, 'processes'],
  [/_console_viewers$/, 'pages'],
  [/_console_listeners$/, 'listenings'],
  [/_fds$/, 'files'],
  [/_total$/, 'events'],
];

function unitOf(name: string): string {
  return units.find(([pattern]) => pattern.test(name))?.[1] ?? '';
}

/** Angle brackets and bars would be taken for Markdown. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Flags, and names of metrics, as code. */
function marked(text: string): string {
  return escaped(text).replaceAll(
    /(--[a-z][a-z-]+|[a-z]+(?:_[a-z]+)+(?:\{[^}]*\})?(?: \/ [a-z]+(?:_[a-z]+)+)?)/g,
    '`$1`',
  );
}

function row(name: string, family: ExpositionFamily | undefined): string {
  if (family === undefined) throw new Error(`the gateway has no metric ${name}`);
  const labels = [...family.labels].filter((label) => label !== 'le').map((label) => `\`${label}\``);
  return `| \`${name}\` | ${family.type} | ${labels.join(', ')} | ${unitOf(name)} | ${marked(family.help)} |`;
}

/** The page with its tables made anew from the text of `/metrics`. Throws when a metric is in no table, or in two. */
export function fillTables(page: string, exposition: string): string {
  const families = parseExposition(exposition);
  const listed: string[] = [];
  const filled = page.replaceAll(table, (_, list: string) => {
    const names = list.trim().split(/\s+/);
    listed.push(...names);
    const rows = names.map((name) => row(name, families.get(name)));
    const head = '| metric | type | labels | unit | meaning |\n|---|---|---|---|---|';
    return `<!-- metrics: ${list} -->\n${head}\n${rows.join('\n')}\n<!-- /metrics -->`;
  });
  const unlisted = [...families.keys()].filter((name) => !listed.includes(name));
  const twice = listed.filter((name, index) => listed.indexOf(name) !== index);
  if (unlisted.length > 0) throw new Error(`in no table of docs/metrics.md: ${unlisted.join(', ')}`);
  if (twice.length > 0) throw new Error(`in two tables of docs/metrics.md: ${twice.join(', ')}`);
  return filled;
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'acs-metrics-page-'));
  const gateway = await GatewayProcess.start('--sink', `wav:${folder}`, '--sink', 'nats://127.0.0.1:1?playback');
  const exposition = await (await gateway.admin('/metrics')).text();
  await gateway.drain();
  rmSync(folder, { recursive: true });
  writeFileSync(metricsPage, fillTables(readFileSync(metricsPage, 'utf8'), exposition));
}
