/** The arithmetic of HAProxy's size: from figures that were measured, with results that the documentation shows. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { balancerSize, balancersFor, coresOf, frameCostMicros } from '../../deploy/kubernetes/balancer-size.ts';

const root = resolve(import.meta.dirname, '../..');

function page(name: string): string {
  return readFileSync(join(root, 'docs', name), 'utf8');
}

/** The second figure of a row of the table of `npm run bench:fleet`. */
function measured(row: string): number {
  const cells = page('scaling.md')
    .split('\n')
    .find((line) => line.startsWith(`| ${row} |`))!
    .split('|');
  return Number.parseFloat(cells[4]!);
}

test('begins with what was measured', () => {
  const inTheClear = [
    measured('50,000 frames/s · one gateway behind HAProxy'),
    measured('50,000 frames/s · two gateways behind HAProxy'),
  ];
  const mean = (inTheClear[0]! + inTheClear[1]!) / 2;
  expect(Math.abs(frameCostMicros.balancerInTheClear / mean - 1)).toBeLessThan(0.15);
  const withTls = measured('25,000 frames/s · one gateway behind HAProxy with TLS');
  expect(Math.abs(frameCostMicros.balancerWithTls / withTls - 1)).toBeLessThan(0.15);
});

test('9,000 streams with TLS fill more than five cores, in the clear four', () => {
  expect(balancerSize(9000)).toMatchObject({ plannedStreams: 5400, requestCores: 6 });
  expect(balancerSize(9000).fullCores).toBeCloseTo(5.27, 2);
  expect(coresOf(9000, frameCostMicros.balancerInTheClear)).toBeCloseTo(4.0, 1);
  expect(() => balancerSize(9001)).toThrow('9000');
});

test('those who are left carry the streams of one that is lost, and of a zone of three', () => {
  const size = balancerSize(4500);
  for (const streams of [1, 2700, 8100, 24_000, 40_000]) {
    const balancers = balancersFor(streams, size);
    expect(streams / (balancers - 1)).toBeLessThanOrEqual(size.streams);
    expect(streams / (balancers - Math.ceil(balancers / 3)), `${streams} streams`).toBeLessThanOrEqual(size.streams);
  }
});

test('docs/kubernetes.md shows what comes out', () => {
  const rows = Array.from(
    page('kubernetes.md').matchAll(/^\| ([\d,]+) streams \| (\d+) \| ([\d.]+) \| (\d+) \|/gm),
    ([, streams, ...figures]) => [Number(streams!.replace(',', '')), ...figures.map(Number)],
  );
  expect(rows.length).toBeGreaterThan(3);
  const size = balancerSize(4500);
  for (const [streams, balancers, cores, requested] of rows) {
    const count = balancersFor(streams!, size);
    const used = coresOf(streams!, frameCostMicros.balancerWithTls);
    expect([balancers, cores, requested], `${streams} streams`).toEqual([
      count,
      Number(used.toFixed(1)),
      count * size.requestCores,
    ]);
  }
});
