/** Every series that a query may use, with its labels: what a real gateway exposes, what the rules record, what Prometheus adds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { GatewayProcess } from '../support/gateway-process.ts';
import { parseExposition, seriesLabels } from './exposition.ts';
import { checkQuery } from './promql.ts';

const root = resolve(import.meta.dirname, '../..');

/** What a scrape adds to each series. */
const targetLabels = ['job', 'instance'];
const ofPrometheus = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_series_added'];
const alertLabels = ['alertname', 'alertstate', 'severity', 'reason', 'sink', 'thread', ...targetLabels];

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly record?: string; readonly expr: string }[] }[];
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook_url: string };
}

export function rulesIn<T>(file: string): T[] {
  const { groups } = parse(readFileSync(join(root, 'deploy/prometheus/rules', file), 'utf8')) as RuleFile;
  return groups.flatMap(({ rules }) => rules) as T[];
}

/** The metrics of a gateway with a sink, as text. */
async function scrapeGateway(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'acs-catalogue-'));
  const gateway = await GatewayProcess.start('--sink', `wav:${folder}`);
  try {
    return await (await gateway.admin('/metrics')).text();
  } finally {
    await gateway.kill();
    rmSync(folder, { recursive: true });
  }
}

export async function readCatalogue(): Promise<Map<string, Set<string>>> {
  const catalogue = seriesLabels(parseExposition(await scrapeGateway()));
  for (const labels of catalogue.values()) for (const label of targetLabels) labels.add(label);
  for (const name of ofPrometheus) catalogue.set(name, new Set(targetLabels));
  catalogue.set('ALERTS', new Set(alertLabels));
  for (const { record, expr } of rulesIn<{ record: string; expr: string }>('recording.yml')) {
    catalogue.set(record, new Set(checkQuery(expr, catalogue).labels));
  }
  return catalogue;
}
