/** Reading Prometheus' text format. */
import { expect, test } from 'vitest';
import { Scrape } from '../../../bench/load/prometheus.ts';

const scrape = new Scrape(`# HELP drops_total By reason.
# TYPE drops_total counter
drops_total{reason="lane_full"} 3
drops_total{reason="a \\"b, c\\""} 4
up 1
wait_seconds_bucket{le="+Inf",lane="0"} 9
wait_seconds_bucket{le="0.002",lane="0"} 5
wait_seconds_bucket{le="0.001",lane="0"} 2
wait_seconds_bucket{lane="1",le="0.001"} 1
wait_seconds_bucket{lane="1",le="0.002"} 1
wait_seconds_bucket{lane="1",le="+Inf"} 1
wait_seconds_sum 1.5
`);

test('series of one name are added', () => {
  expect(scrape.sum('drops_total')).toBe(7);
  expect(scrape.sum('up')).toBe(1);
});

test('a metric that is not there is an error, not 0', () => {
  expect(() => scrape.sum('drop_total')).toThrow('drop_total');
  expect(() => scrape.buckets('waiting_seconds', 1)).toThrow('waiting_seconds');
});

test('series differ by a label, those of 0 are left out', () => {
  expect(scrape.by('drops_total', 'reason')).toEqual({ lane_full: 3, 'a \\"b, c\\"': 4 });
  expect(new Scrape('x{y="z"} 0').by('x', 'y')).toEqual({});
});

test('cumulative buckets of any bounds become counts, in the unit that is asked for', () => {
  const { bounds, counts } = scrape.buckets('wait_seconds', 1000);
  expect(bounds).toEqual([1, 2, Number.POSITIVE_INFINITY]);
  expect(counts).toEqual([3, 3, 4]);
});
