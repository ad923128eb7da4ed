/**
 * Two versions beside each other, as in every rollout and rollback: what the older one has written, kept in version-0.1.0/ as it wrote it, is
 * held against what is written and read today. Names may be added, and then stand here; none may go, or change what it is.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { substitute } from '../../grafana/variables.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { recordField, recordFlag } from '../../src/sink/nats/nats-frame.ts';
import { type AlertRule, rulesIn } from '../grafana/catalogue.ts';
import { dataPanels, names, readDashboard } from '../grafana/dashboard-json.ts';
import { type ExpositionFamily, parseExposition } from '../grafana/exposition.ts';
import { metricsIn } from '../grafana/promql.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { GatewayProcess, runCommand } from '../support/gateway-process.ts';

const kept = join(import.meta.dirname, 'version-0.1.0');

/** New since then: without value while an older gateway is scraped, and an alert on it is silent. */
const added = ['acs_gateway_accept_paused', 'acs_gateway_tls_certificate_expiry_timestamp_seconds'];
/** Not of the gateway: what Prometheus adds, and what the rules record. */
const ofPrometheus = /^(up|ALERTS|scrape_\w+|acs_gateway:.+)$/;

function keptJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(kept, name), 'utf8')) as T;
}

interface KeptMetric {
  readonly type: string;
  readonly labels: readonly string[];
}

describe('metrics', () => {
  const before = keptJson<Record<string, KeptMetric>>('metrics.json');
  let now: ReadonlyMap<string, ExpositionFamily>;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'acs-older-version-'));
    const gateway = await GatewayProcess.start('--sink', `wav:${folder}`, '--sink', 'nats://127.0.0.1:1?playback');
    try {
      now = parseExposition(await (await gateway.admin('/metrics')).text());
    } finally {
      await gateway.kill();
      rmSync(folder, { recursive: true });
    }
  });

  test('each that there was is there, of the same type and with the same labels', () => {
    expect(Object.keys(before).length).toBeGreaterThan(100);
    for (const [name, { type, labels }] of Object.entries(before)) {
      const family = now.get(name);
      expect({ type: family?.type, labels: [...(family?.labels ?? [])].sort() }, name).toEqual({ type, labels });
    }
  });

  test('what was added, and is asked for by dashboards and rules, is there', () => {
    expect(added.filter((name) => !now.has(name) || name in before)).toEqual([]);
  });

  test("today's dashboards and rules ask an older gateway for nothing that it does not have, but what was added", () => {
    const values = { job: '.*', instance: '.*', __rate_interval: '1m', __range: '1h' };
    const shown = names.flatMap((name) =>
      dataPanels(readDashboard(name)).flatMap(({ targets }) => targets!.map(({ expr }) => substitute(expr, values))),
    );
    const ruled = ['alerts.yml', 'recording.yml'].flatMap((file) => rulesIn<AlertRule>(file).map(({ expr }) => expr));
    const asked = [...shown, ...ruled].flatMap((expr) => metricsIn(expr).map(({ name }) => name));
    const missing = asked.filter((name) => {
      const base = name.replace(/_(?:bucket|sum|count)$/, '');
      return !(name in before) && before[base]?.type !== 'histogram' && !ofPrometheus.test(name);
    });
    expect([...new Set(missing)].filter((name) => !added.includes(name))).toEqual([]);
    expect(asked.length).toBeGreaterThan(200);
  });
});

test('its capture is read', async () => {
  const { code, stdout, stderr } = await runCommand([
    'capture',
    'info',
    join(kept, 'calls.acscap'),
    '--report',
    'json',
  ]);
  expect([code, stderr]).toEqual([0, '']);
  // 400 ms of one participant, and the metadata.
  expect(JSON.parse(stdout)).toMatchObject({ messages: { text: 21 }, lostMessages: 0, damage: { missingBlocks: 0 } });
});

test('a NATS message of several frames is what it was, field by field', () => {
  const fields = {
    sequence: 0,
    pcmBytes: 4,
    timestampMs: 8,
    positionSamples: 16,
    missingBefore: 24,
    flags: 28,
    pcm: 32,
  };
  expect(recordField).toEqual(fields);
  expect(recordFlag).toEqual({ silent: 1, duplicate: 2, late: 4, resumed: 8 });
});

/** The keys of an object, with those of objects in it, and what kind each value is. */
function shape(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${path}[]`] : shape(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
}

test('recordings say of themselves what they said, under the same names', async () => {
  const folder = temporaryFolder();
  const gateway = await GatewayProcess.start('--sink', `wav:${folder}?call=stereo`);
  onTestFinished(() => gateway.kill());
  await simulateCalls({ url: gateway.url, calls: 1, participants: 1, durationMs: 400 });
  await gateway.drain();
  const notes = [...filesBelow(folder, '.json')];
  for (const [name, isIt] of [
    ['participant.json', (path: string) => !path.endsWith('call.json')],
    ['call.json', (path: string) => path.endsWith('call.json')],
  ] as const) {
    const [, text] = notes.find(([path]) => isIt(path))!;
    expect(shape(JSON.parse(text.toString())), name).toEqual(expect.arrayContaining(shape(keptJson(name))));
  }
});
