/**
 * Makes the clock of Prometheus files run faster: every duration of rules, scrapes and notifications divided by the same
 * number, nothing else touched, so that the real rules can be watched in seconds. Pure. Invariant: exact, or it throws.
 */
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
const durationPattern = /^(?:\d+(?:ms|[smhdwy]))+$/;

/** Keys of rule files, Prometheus's and the Alertmanager's configuration whose value is a duration. */
const durationKeys = new Set([
  'for',
  'keep_firing_for',
  'interval',
  'scrape_interval',
  'scrape_timeout',
  'evaluation_interval',
  'group_wait',
  'group_interval',
  'repeat_interval',
]);

function durationMs(text: string): number {
  if (!durationPattern.test(text)) throw new Error(`no duration: ${text}`);
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) ms += Number(count) * unitMs[unit!]!;
  return ms;
}

/** `5m` by 40 is `7500ms`. Throws where that would be a fraction of a millisecond. */
export function scaleDuration(text: string, factor: number): string {
  const ms = durationMs(text) / factor;
  if (!Number.isInteger(ms)) throw new Error(`${text} is not divisible by ${factor}`);
  return `${ms}ms`;
}

/** Ranges, subqueries and offsets of a query. The `5m` in the name of a recorded series stays: it is a name. */
export function scaleQuery(expr: string, factor: number): string {
  let scaled = '';
  let copied = 0;
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) throw new Error(`no PromQL: ${expr}`);
      const text = expr.slice(from, to);
      if (node.firstChild !== null || !type.name.includes('Duration') || !durationPattern.test(text)) return;
      scaled += expr.slice(copied, from) + scaleDuration(text, factor);
      copied = to;
    },
  });
  return scaled + expr.slice(copied);
}

function scaleValue(value: unknown, key: string, factor: number): unknown {
  if (Array.isArray(value)) return value.map((each) => scaleValue(each, key, factor));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scaleValue(inner, name, factor)]));
  }
  if (typeof value !== 'string') return value;
  if (durationKeys.has(key)) return scaleDuration(value, factor);
  return key === 'expr' ? scaleQuery(value, factor) : value;
}

/** A rule file or a configuration, parsed and scaled. */
export function scaleFile<T>(yaml: string, factor: number): T {
  return scaleValue(parse(yaml), '', factor) as T;
}
