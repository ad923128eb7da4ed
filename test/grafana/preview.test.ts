/** The preview: numbers as Grafana writes them, and pages that show what was asked for. */
import { describe, expect, test } from 'vitest';
import { heat } from '../../grafana/preview/color.ts';
import { drawPage, type Page } from '../../grafana/preview/page.ts';
import type { PanelJson } from '../../grafana/preview/panel-json.ts';
import { format, ticks } from '../../grafana/preview/unit.ts';
import { names, readDashboard } from './dashboard-json.ts';

test.each([
  [0, 's', undefined, '0 s'],
  [0.0000305, 's', undefined, '30.5 µs'],
  [0.0168, 's', undefined, '16.8 ms'],
  [4.2, 's', undefined, '4.2 s'],
  [240, 's', 0, '4 min'],
  [0.0079, 'percentunit', 2, '0.79%'],
  [1, 'percentunit', undefined, '100%'],
  [2_097_152, 'bytes', undefined, '2 MiB'],
  [1536, 'binBps', undefined, '1.5 KiB/s'],
  [2193, 'none', 0, '2193'],
  [1500, 'short', undefined, '1.5 K'],
  [38, 'short', undefined, '38'],
  [12.25, 'suffix:/s', undefined, '12.3 /s'],
  [Number.NaN, 's', undefined, '–'],
  [Number.POSITIVE_INFINITY, 's', undefined, '∞'],
])('%d %s is written as it is read', (value, unit, decimals, text) => {
  expect(format(value, unit, decimals)).toBe(text);
});

test('an axis has round marks and reaches beyond what it shows', () => {
  expect(ticks(0, 0.038, 4, 's')).toEqual([0, 0.01, 0.02, 0.03, 0.04]);
  expect(ticks(0, 3_000_000, 4, 'bytes').map((mark) => mark / 1_048_576)).toEqual([0, 1, 2, 3]);
  expect(ticks(0, 1, 4, 'percentunit')).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

test('more is lighter', () => {
  expect(heat(0)).toBe('rgb(64,24,4)');
  expect(heat(1)).toMatch(/^rgb\(25\d,24\d,23\d\)$/);
});

describe('a page', () => {
  const range = { start: 1_000_000, end: 1_000_060, step: 1 };
  const gridPos = { x: 0, y: 0, w: 12, h: 8 };
  const defaults = { unit: 's' };
  const target = { refId: 'A', expr: 'up', legendFormat: '{{instance}}' };
  const series = (labels: Record<string, string>, ...values: number[]) => ({
    labels,
    points: values.map((value, index) => [range.start + index, value] as const),
  });
  const page = (panel: PanelJson, ...found: ReturnType<typeof series>[]): Page => ({
    title: 'Test',
    panels: [{ panel, answers: [{ target, series: found }] }],
    range,
    marks: [{ time: range.start + 30, color: 'blue', text: 'Started' }],
  });
  const panel = (type: string): PanelJson => ({
    type,
    title: 'A <panel>',
    description: 'What it "means".',
    gridPos,
    targets: [target],
    fieldConfig: { defaults, overrides: [] },
  });

  test('says that it is not Grafana, and shows titles and descriptions as text', () => {
    const html = drawPage(page(panel('timeseries'), series({ instance: 'a:1' }, 0.1, 0.2)));
    expect(html).toContain('not Grafana itself');
    expect(html).toContain('<h2 title="What it &quot;means&quot;.">A &lt;panel></h2>');
  });

  test('draws a line for each series, with its name, and a mark for what happened', () => {
    const html = drawPage(
      page(panel('timeseries'), series({ instance: 'a:1' }, 0.1, 0.2), series({ instance: 'b:1' }, 1)),
    );
    expect(html.match(/<polyline/g)).toHaveLength(2);
    expect(html).toContain('>a:1<');
    expect(html).toContain('<title>Started</title>');
  });

  test('interrupts a line where there was nothing', () => {
    const one = series({ instance: 'a:1' }, 1, Number.NaN, Number.NaN, Number.NaN, 1);
    expect(drawPage(page(panel('timeseries'), one)).match(/<polyline/g)).toHaveLength(2);
  });

  test('turns the cumulative buckets of a heatmap into cells, none for empty ones', () => {
    const found = [series({ le: '+Inf' }, 5), series({ le: '0.1' }, 2), series({ le: '0.5' }, 2)];
    const html = drawPage(page(panel('heatmap'), ...found));
    expect(html.match(/<rect/g)).toHaveLength(2);
    expect(html).toContain('>500 ms<');
  });

  test('shows the last number in the colour of its threshold', () => {
    const steps = [
      { value: null, color: 'green' },
      { value: 1, color: 'red' },
    ];
    const stat = {
      ...panel('stat'),
      fieldConfig: { defaults: { unit: 'none', thresholds: { steps } }, overrides: [] },
    };
    expect(drawPage(page(stat, series({}, 0, 3)))).toContain('style="color:#F2495C">3<');
    expect(drawPage(page(stat, series({}, 3, 0)))).toContain('style="color:#73BF69">0<');
  });

  test('refuses a kind of panel that it cannot draw', () => {
    expect(() => drawPage(page(panel('piechart')))).toThrow('cannot draw a piechart');
  });

  test.each(names)('can be made of %s, also when nothing answers', (name) => {
    const panels = (readDashboard(name).panels as unknown as PanelJson[]).map((each) => ({
      panel: each,
      answers: (each.targets ?? []).map((one) => ({ target: one, series: [] })),
    }));
    const html = drawPage({ title: name, panels, range, marks: [] });
    expect(html.match(/class="(panel|row)"/g)).toHaveLength(panels.length);
  });
});
