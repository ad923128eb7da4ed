/** End to end: a gateway under load, a Prometheus that scrapes it, and every query of every panel, which must show something. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queryInstant, queryRange, type Series } from '../../grafana/preview/prometheus.ts';
import { substitute } from '../../grafana/variables.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { always, judgingTimes, unlessStarved } from '../support/starvation.ts';
import { dataPanels, names, readDashboard, type Target } from './dashboard-json.ts';
import { PrometheusProcess } from './prometheus-process.ts';

/** Panels that are empty when all is well. */
const empty: Readonly<Record<string, string>> = {
  'fleet: Alerts firing, by name': 'no alert fires, and only the recording rules are loaded',
};

const job = 'acs-audio-gateway';
const values = { job: '.*', instance: '.*', __rate_interval: '5s', __range: '10s' };
const loadedMs = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'acs-panels-'));
let gateway: GatewayProcess;
let prometheus: PrometheusProcess;
const stop = new AbortController();
let simulation: Promise<unknown>;

/** As the panel asks: for one moment or for a range. */
async function ask({ expr, instant }: Target): Promise<Series[]> {
  const now = Date.now() / 1000;
  const text = substitute(expr, values);
  const found = await (instant
    ? queryInstant(prometheus.url, text, now)
    : queryRange(prometheus.url, text, { start: now - 5, end: now, step: 1 }));
  return found.filter(({ points }) => points.some(([, value]) => Number.isFinite(value)));
}

describe('with a real Prometheus', needs('prometheus'), () => {
  beforeAll(async () => {
    const agent = join(import.meta.dirname, 'interrupted-agent.ts');
    gateway = await GatewayProcess.start('--sink', `wav:${folder}`, '--sink', `module:${agent}`);
    prometheus = await PrometheusProcess.start(job, `127.0.0.1:${gateway.adminPort}`);
    const load = {
      url: gateway.url,
      calls: 10,
      participants: 2,
      durationMs: 60_000,
      jitterMs: 8,
      loss: 0.02,
      duplicate: 0.02,
      reorder: 0.02,
      silence: 0.2,
      malformed: 0.02,
    };
    simulation = simulateCalls(load, { stopped: stop.signal });
    await sleep(loadedMs);
  });

  afterAll(async () => {
    stop.abort();
    await simulation;
    await prometheus?.kill();
    await gateway?.kill();
    rmSync(folder, { recursive: true });
  });

  test.each(names)('every query of every panel of %s has something to show', (name) =>
    unlessStarved(async () => {
      const silent: string[] = [];
      for (const panel of dataPanels(readDashboard(name))) {
        if (`${name}: ${panel.title}` in empty) continue;
        for (const target of panel.targets!) {
          if ((await ask(target)).length === 0) silent.push(`${panel.title}, ${target.refId}: ${target.expr}`);
        }
      }
      expect(silent).toEqual([]);
    }),
  );

  test('the panels that may be empty are, and exist', async () => {
    for (const name of Object.keys(empty)) {
      const [dashboard, title] = name.split(': ') as [string, string];
      const panel = dataPanels(readDashboard(dashboard)).find((each) => each.title === title)!;
      for (const target of panel.targets!) expect(await ask(target), name).toEqual([]);
    }
  });

  test(
    'what was lost, doubled, swapped and malformed on the way shows as more than 0',
    judgingTimes(async () => {
      const shown = async (dashboard: string, title: string, refId: string) => {
        const panel = dataPanels(readDashboard(dashboard)).find((each) => each.title === title)!;
        const found = await ask(panel.targets!.find((target) => target.refId === refId)!);
        return Math.max(...found.flatMap(({ points }) => points.map(([, value]) => value)));
      };
      expect(await shown('audio-quality', 'Network: frames missing', 'A')).toBeGreaterThan(0.005);
      expect(await shown('audio-quality', 'Gaps, late frames, duplicates', 'A')).toBeGreaterThan(1);
      expect(await shown('audio-quality', 'Gaps, late frames, duplicates', 'B')).toBeGreaterThan(1);
      expect(await shown('audio-quality', 'Gaps, late frames, duplicates', 'C')).toBeGreaterThan(1);
      expect(await shown('audio-quality', 'Malformed and refused messages, by reason', 'A')).toBeGreaterThan(1);
      expect(await shown('audio-quality', 'Silence', 'A')).toBeGreaterThan(0.05);
      expect(await shown('fleet', 'Calls now', 'A')).toBe(10);
      await always(async () => expect(await shown('internals', 'Messages unaccounted', 'A')).toBe(0));
    }),
  );

  test(
    'the preview draws them all',
    judgingTimes(async () => {
      const out = join(folder, 'preview');
      const script = resolve(import.meta.dirname, '../../grafana/preview.ts');
      const flags = ['--prometheus', prometheus.url, '--out', out, '--minutes', '0.2', '--scrape-interval', '1'];
      await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...flags]);
      for (const name of names) {
        const html = readFileSync(join(out, `${name}.html`), 'utf8');
        expect(html, name).toContain('not Grafana itself');
        expect(html.match(/<svg/g)!.length, name).toBeGreaterThan(10);
        expect(html, name).not.toMatch(/no data/i);
      }
    }),
  );

  test('the variables find the job and the gateway', async () => {
    expect(await prometheus.labelValues('job', 'acs_gateway_build_info')).toEqual([job]);
    expect(await prometheus.labelValues('instance', `up{job=~"${job}"}`)).toEqual([`127.0.0.1:${gateway.adminPort}`]);
  });
});
