/** Figures as pictures: well-formed, in proportion, and nothing beyond the edge. */
import { describe, expect, test } from 'vitest';
import { barChart, lineChart } from '../../bench/report/chart.ts';
import { linearTicks } from '../../bench/report/scale.ts';

/** Everything in an SVG that has a place must lie on the card. */
function expectInside(svg: string): void {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  const numbers = (pattern: RegExp) => Array.from(svg.matchAll(pattern), ([, value]) => Number(value));
  for (const x of numbers(/ (?:x|x1|x2|cx)="([^"]*)"/g)) expect(x >= 0 && x <= width!, `x ${x}`).toBe(true);
  for (const y of numbers(/ (?:y|y1|y2|cy)="([^"]*)"/g)) expect(y >= 0 && y <= height!, `y ${y}`).toBe(true);
  for (const [, x, anchor, size, text] of svg.matchAll(
    /<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)" font-size="(\d+)"[^>]*>([^<]*)</g,
  )) {
    const estimate = text!.replaceAll(/&\w+;/g, '.').length * Number(size) * 0.5;
    const left = Number(x) - (anchor === 'end' ? estimate : anchor === 'middle' ? estimate / 2 : 0);
    expect(left >= 0 && left + estimate <= width!, text).toBe(true);
  }
}

describe('a bar chart', () => {
  const bars = [
    { label: 'JSON.parse & <Buffer> "from"', value: 1400, low: 1200, high: 1800 },
    { label: 'a label that is far too long to stand beside its bar without being broken into lines', value: 2 },
  ];

  test('escapes every text, and writes every value', () => {
    const svg = barChart({ title: 'a < b', unit: 'ns & more', bars, note: '"noted"' });
    for (const text of ['a &lt; b', 'ns &amp; more', '&lt;Buffer&gt;', '&quot;noted&quot;', '>1,400<', '>2.00<']) {
      expect(svg).toContain(text);
    }
    expect(svg.replaceAll(/&(?:amp|lt|gt|quot|apos);/g, '')).not.toContain('&');
  });

  test('keeps everything on its card, long texts and whiskers too', () => {
    const long = 'noted '.repeat(60);
    expectInside(barChart({ title: long, unit: long, bars, note: long }));
    expectInside(barChart({ title: 'nothing', unit: 'ns', bars: [{ label: 'zero', value: 0 }] }));
  });

  test('draws lengths in proportion, beginning at zero', () => {
    const svg = barChart({ title: 't', unit: 'u', bars: [30, 60].map((value) => ({ label: `${value}`, value })) });
    const [a, b] = Array.from(svg.matchAll(/width="([\d.]+)" height="20"/g), ([, width]) => Number(width));
    expect(b! / a!).toBeCloseTo(2, 1);
  });

  test('stacks the parts of a bar and names them in a legend', () => {
    const parts = [
      { label: 'user', value: 10 },
      { label: 'system', value: 30 },
    ];
    const svg = barChart({ title: 't', unit: 'µs', bars: [{ label: 'ours', value: 40, parts }] });
    const drawn = Array.from(svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20"/g), (found) => ({
      x: Number(found[1]),
      width: Number(found[2]),
    }));
    expect(drawn).toHaveLength(2);
    expect(drawn[1]!.x).toBeCloseTo(drawn[0]!.x + drawn[0]!.width, 0);
    expect(drawn[1]!.width / drawn[0]!.width).toBeCloseTo(3, 1);
    expect(svg).toContain('>user<');
    expect(svg).toContain('>system<');
  });

  test('has a whisker only where there is a spread', () => {
    const withLow = (low: number) =>
      barChart({ title: 't', unit: 'u', bars: [{ label: 'a', value: 5, low, high: 5 }] });
    expect(withLow(4).match(/<line/g)!.length).toBe(withLow(5).match(/<line/g)!.length + 6);
  });
});

describe('a line chart', () => {
  const points = [100, 1000, 10_000].map((x) => ({ x, y: x / 100, low: x / 200, high: x / 50 }));
  const chart = { title: 'cost', xLabel: 'streams', yLabel: 'µs', series: [{ name: 'ours', points }] };
  const places = (svg: string) => Array.from(svg.matchAll(/<circle cx="([\d.]+)"/g), ([, x]) => Number(x));

  test('gives every decade the same width on a logarithmic axis', () => {
    const [a, b, c] = places(lineChart({ ...chart, logX: true }));
    expect(b! - a!).toBeCloseTo(c! - b!, 0);
  });

  test('has a linear axis otherwise, and where there is a zero', () => {
    const [a, b, c] = places(lineChart(chart));
    expect((c! - b!) / (b! - a!)).toBeCloseTo(10, 0);
    const series = [{ name: 'ours', points: [{ x: 0, y: 1 }, ...points] }];
    expect(lineChart({ ...chart, logX: true, series })).not.toContain('NaN');
  });

  test('names its series when there are several, and keeps everything on its card', () => {
    const both = {
      ...chart,
      logX: true,
      series: [...chart.series, { name: 'theirs', points }],
      note: 'noted '.repeat(60),
    };
    expect(lineChart(both)).toContain('>theirs<');
    expect(lineChart(chart)).not.toContain('>ours<');
    expectInside(lineChart(both));
  });
});

test('an axis ends at a round value that is not below the largest', () => {
  for (const largest of [0.003, 0.7, 1, 5.9, 33.6, 999, 2590, 150_000]) {
    const end = linearTicks(largest, 6).at(-1)!.value;
    expect(end).toBeGreaterThanOrEqual(largest * 0.999);
    expect(end).toBeLessThanOrEqual(largest * 1.5);
  }
  expect(linearTicks(10, 5).map(({ text }) => text)).toEqual(['0', '2', '4', '6', '8', '10']);
  expect(linearTicks(1, 4).map(({ text }) => text)).toEqual(['0.00', '0.25', '0.50', '0.75', '1.00']);
});
