/** The tools that judge queries: a query that is wrong must not pass. */
import { describe, expect, test } from 'vitest';
import { parseExposition, seriesLabels } from './exposition.ts';
import { checkQuery, metricsIn, syntaxErrors } from './promql.ts';

const exposition = String.raw`# HELP frames_total Frames, by "kind".
# TYPE frames_total counter
frames_total{kind="a b"} 3
frames_total{kind="q\"u\\o\nte",sink="wav:./x"} 4
# HELP late_seconds How late.
# TYPE late_seconds histogram
late_seconds_bucket{thread="main",le="0.1"} 1
late_seconds_bucket{thread="main",le="+Inf"} 2
late_seconds_sum{thread="main"} 1.5e-3
late_seconds_count{thread="main"} 2

# HELP sum Not a number yet.
# TYPE sum gauge
sum NaN
# TYPE idle_count gauge
idle_count -Inf 1700000000000
`;

describe('an exposition', () => {
  const families = parseExposition(exposition);

  test('is read with types, help, labels and values', () => {
    expect([...families.keys()]).toEqual(['frames_total', 'late_seconds', 'sum', 'idle_count']);
    expect(families.get('frames_total')).toEqual({
      type: 'counter',
      help: 'Frames, by "kind".',
      labels: new Set(['kind', 'sink']),
      samples: [
        { name: 'frames_total', labels: { kind: 'a b' }, value: 3 },
        { name: 'frames_total', labels: { kind: 'q"u\\o\nte', sink: 'wav:./x' }, value: 4 },
      ],
    });
    expect(families.get('late_seconds')!.samples.map(({ value }) => value)).toEqual([1, 2, 0.0015, 2]);
    expect(families.get('sum')!.samples[0]!.value).toBeNaN();
    expect(families.get('idle_count')!.samples[0]!.value).toBe(-Infinity);
  });

  test('gives the names that a query can use, with the labels of each', () => {
    expect(seriesLabels(families)).toEqual(
      new Map([
        ['frames_total', new Set(['kind', 'sink'])],
        ['late_seconds_bucket', new Set(['thread', 'le'])],
        ['late_seconds_sum', new Set(['thread'])],
        ['late_seconds_count', new Set(['thread'])],
        ['sum', new Set()],
        ['idle_count', new Set()],
      ]),
    );
  });

  test.each(['frames_total{kind="a} 3', 'frames_total{kind=a} 3', 'frames_total three', 'frames_total'])(
    'is refused where it is malformed: %s',
    (line) => {
      expect(() => parseExposition(line)).toThrow(/malformed/);
    },
  );
});

describe('a query', () => {
  const catalogue = new Map(
    Object.entries({
      frames_total: ['job', 'instance', 'kind'],
      lost_total: ['job', 'instance', 'kind', 'reason'],
      late_seconds_bucket: ['job', 'instance', 'thread', 'le'],
      build_info: ['job', 'instance', 'version'],
      up: ['job', 'instance'],
    }).map(([name, labels]) => [name, new Set(labels)] as const),
  );

  test('tells the metrics, their matchers, and the grouping around them', () => {
    expect(
      metricsIn('sum by (job) (rate(a{x="1", y=~"b.*"}[5m])) / on(job) group_left(v) {__name__="c", z!=""}'),
    ).toEqual([
      { name: 'a', labels: ['x', 'y'], grouping: ['job', 'job', 'v'] },
      { name: 'c', labels: ['z'], grouping: ['job', 'v'] },
    ]);
  });

  test.each([
    ['frames_total{job="x"}', ['instance', 'job', 'kind']],
    ['sum by (kind) (rate(frames_total[5m]))', ['kind']],
    ['sum without (kind) (frames_total)', ['instance', 'job']],
    ['sum(frames_total)', []],
    ['max_over_time((frames_total > 0)[5m:1m]) offset 1h', ['instance', 'job', 'kind']],
    ['histogram_quantile(0.9, sum by (le, job) (rate(late_seconds_bucket[5m])))', ['job']],
    ['frames_total * on (job, instance) group_left (version) build_info', ['instance', 'job', 'kind', 'version']],
    ['frames_total / ignoring (reason) lost_total', ['instance', 'job', 'kind']],
    ['topk(3, sum by (job) (frames_total)) or vector(0)', ['job']],
    ['label_replace(up, "host", "$1", "instance", "(.*):.*")', ['host', 'instance', 'job']],
    ['clamp_min(up - 1, 0) and on (job) frames_total', ['instance', 'job']],
  ])('that is right passes, and its labels are known: %s', (expr, labels) => {
    const check = checkQuery(expr, catalogue);
    expect(check.problems).toEqual([]);
    expect([...check.labels].sort()).toEqual(labels);
  });

  test.each([
    ['rate(frame_total[5m])', 'no metric "frame_total"'],
    ['{__name__="gone"}', 'no metric "gone"'],
    ['frames_total{reason="x"}', 'no label "reason"'],
    ['sum by (reason) (frames_total)', 'no label "reason"'],
    ['sum by (kind) (sum by (job) (frames_total))', 'no label "kind"'],
    ['sum without (reason) (frames_total)', 'no label "reason"'],
    ['frames_total / on (job, reason) lost_total', 'no label "reason"'],
    ['up * on (instance) group_left (release) build_info', 'no label "release"'],
    ['histogram_quantile(0.9, sum by (job) (late_seconds_bucket))', 'no label "le"'],
    ['frames_total / lost_total', 'never match'],
    ['sum by (job) (frames_total', 'syntax error'],
    ['rate(frames_total[5x])', 'syntax error'],
    ['rat(frames_total[5m])', 'syntax error'],
    ['', 'empty'],
  ])('that is wrong is caught: %s', (expr, problem) => {
    expect(checkQuery(expr, catalogue).problems.join('\n')).toContain(problem);
  });

  test('that is no PromQL says where', () => {
    expect(syntaxErrors('up > ')).toEqual(['syntax error at 5: ""']);
    expect(syntaxErrors('up')).toEqual([]);
  });
});
