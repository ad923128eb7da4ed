/**
 * Panels that stand side by side say the same: two gateways under load, of which one is killed and the other loses its calls, and a real
 * Prometheus that is asked what the panels ask.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { queryInstant, queryRange, type Series } from '../../grafana/preview/prometheus.ts';
import { substitute } from '../../grafana/variables.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { unlessStarved } from '../support/starvation.ts';
import { dataPanels, readDashboard, type Target } from './dashboard-json.ts';
import { PrometheusProcess } from './prometheus-process.ts';

const test = testNeeding('prometheus');
const values = { job: '.*', instance: '.*', __rate_interval: '4s', __range: '60s' };
const calls = 5;
/** A scrape each half second, a rule each second: far less than the minute that a rate looks back over. */
const agreeMsMax = 6_000;

class Panels {
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  private targets(dashboard: string, title: string): readonly Target[] {
    return dataPanels(readDashboard(dashboard)).find((panel) => panel.title === title)!.targets!;
  }

  /** What one of its queries answers at this moment. */
  async now(dashboard: string, title: string, index = 0): Promise<Series[]> {
    const { expr } = this.targets(dashboard, title)[index]!;
    return queryInstant(this.url, substitute(expr, values), Date.now() / 1000);
  }

  /** A number that stands alone: as the panel shows it, from all that it shows. */
  async number(title: string): Promise<number | null> {
    const [target] = this.targets('fleet', title);
    const expr = substitute(target!.expr, values);
    const end = Date.now() / 1000;
    const found = await (target!.instant
      ? queryInstant(this.url, expr, end)
      : queryRange(this.url, expr, { start: end - 60, end, step: 1 }));
    return found[0]?.points.at(-1)?.[1] ?? null;
  }

  /** The most that each series of a chart had in the last seconds, by its query. */
  async peaks(dashboard: string, title: string): Promise<number[]> {
    const end = Date.now() / 1000;
    const found = this.targets(dashboard, title).map(async ({ expr }) => {
      const series = await queryRange(this.url, substitute(expr, values), { start: end - 5, end, step: 0.5 });
      return Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)));
    });
    return Promise.all(found);
  }
}

test('calls, frames, states and legends agree while gateways come to grief', () =>
  unlessStarved(async () => {
    const gateways = await Promise.all([0, 1].map(() => GatewayProcess.start('--workers', '1')));
    const [killed, left] = gateways as [GatewayProcess, GatewayProcess];
    const instances = gateways.map(({ adminPort }) => `127.0.0.1:${adminPort}`);
    const prometheus = await PrometheusProcess.start('acs-audio-gateway', ...instances);
    const panels = new Panels(prometheus.url);
    // What was counted before the first scrape is no increase.
    await eventually(async () => (await panels.number('Gateways up')) === 2);
    const stop = new AbortController();
    const run = Promise.all(
      gateways.map(({ url }) => simulateCalls({ url, calls, durationMs: 120_000 }, { stopped: stop.signal })),
    );
    onTestFinished(async () => {
      stop.abort();
      for (const gateway of gateways) await gateway.kill();
      await run;
      await prometheus.kill();
    });
    const states = async () => {
      const found = await panels.now('fleet', 'Gateways');
      return instances.map(
        (instance) => found.find(({ labels }) => labels['instance'] === instance)?.points.at(-1)?.[1],
      );
    };
    await eventually(async () => (await panels.number('Frames per second'))! > 400);
    expect(await panels.number('Calls now')).toBe(2 * calls);
    expect(await states()).toEqual([1, 1]);

    // What was refused, closed or dropped: nothing, and that is said in one word.
    const legend = async (dashboard: string, title: string, label: string) =>
      (await panels.now(dashboard, title)).map(({ labels }) => labels[label]);
    expect(await legend('fleet', 'Messages dropped, by reason', 'reason')).toEqual(['none']);
    expect(await legend('internals', 'Closes, by cause', 'cause')).toEqual(['none']);
    expect(await legend('internals', 'Upgrades, by result', 'result')).toEqual(['accepted']);

    // A stall of ours looks like jitter, and the panel says whose it is.
    for (let stalls = 0; stalls < 4; stalls++) {
      left.signal('SIGSTOP');
      await sleep(300);
      left.signal('SIGCONT');
      await sleep(200);
    }
    await eventually(async () => {
      const [, , jitterP99, ownDelayP99] = await panels.peaks('audio-quality', 'Network jitter');
      return jitterP99! > 0.02 && ownDelayP99! > 0.1;
    });

    await killed.kill();
    await eventually(async () => (await states())[0] === 0);
    await sleep(agreeMsMax);
    const columns = dataPanels(readDashboard('fleet')).find(({ title }) => title === 'Gateways')!.targets!;
    for (const [index, { expr }] of columns.entries()) {
      // What it has done in the time shown stays.
      if (expr.includes('$__range')) continue;
      const of = (await panels.now('fleet', 'Gateways', index)).filter(
        ({ labels }) => labels['instance'] === instances[0],
      );
      expect(index === 0 ? of.length : of, expr).toEqual(index === 0 ? 1 : []);
    }
    expect(await panels.number('Calls now')).toBe(calls);
    expect(await panels.number('Frames per second')).toBeLessThan(calls * 50 * 1.5);

    stop.abort();
    await eventually(async () => (await panels.number('Calls now')) === 0);
    await sleep(agreeMsMax);
    expect(await panels.number('Frames per second')).toBe(0);

    await left.kill();
    await eventually(async () => (await panels.number('Gateways up')) === 0);
    await sleep(agreeMsMax);
    const shown = [
      'Calls now',
      'Frames per second',
      'Network jitter p95, worst gateway',
      'Capacity used, fullest gateway',
    ];
    expect(await Promise.all(shown.map((title) => panels.number(title)))).toEqual([0, 0, null, null]);
  }));
