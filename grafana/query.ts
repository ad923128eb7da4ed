/**
 * PromQL as text: selections of what the variables choose, rates, quantiles, shares. Pure. Invariant: a counter is read
 * through a rate or an increase, and a share has no series where its whole is 0.
 */

/** What the variables `job` and `instance` choose. */
const chosen = 'job=~"$job", instance=~"$instance"';

/** The alerts that fire; one without a gateway, such as that there is none, is for all. */
export const firing = 'ALERTS{alertname=~"AcsGateway.+", alertstate="firing", job=~"$job|", instance=~"$instance|"}';

/** A metric of the chosen gateways; `matchers` as they stand in PromQL, such as `sink!=""`. */
export function metric(name: string, ...matchers: readonly string[]): string {
  return `${name}{${[chosen, ...matchers].join(', ')}}`;
}

/** One of the gateway's own metrics. */
export function own(name: string, ...matchers: readonly string[]): string {
  return metric(`acs_gateway_${name}`, ...matchers);
}

/** One of the recording rules, of gateways that answer: of one that is gone it would go on showing what was. */
export function rule(name: string, ...matchers: readonly string[]): string {
  return answering(metric(`acs_gateway:${name}`, ...matchers));
}

/** Of gateways that answer. For what looks back over some time and shall be true now. */
export function answering(expr: string): string {
  return `(${expr} and on (job, instance) ${metric('up')} == 1)`;
}

/** Gateways that do not answer because they were told to stop, and have drained. */
export const stopped = `${metric('acs_gateway:drained:last')} == 1`;

/** Per second. */
export function rate(series: string): string {
  return `rate(${series}[$__rate_interval])`;
}

/** Over the whole time that is shown. For panels with one number. */
export function increase(series: string): string {
  return `increase(${series}[$__range])`;
}

export function sum(expr: string, ...by: readonly string[]): string {
  return aggregate('sum', expr, by);
}

export function max(expr: string, ...by: readonly string[]): string {
  return aggregate('max', expr, by);
}

export function count(expr: string, ...by: readonly string[]): string {
  return aggregate('count', expr, by);
}

function aggregate(operation: string, expr: string, by: readonly string[]): string {
  return by.length === 0 ? `${operation}(${expr})` : `${operation} by (${by.join(', ')}) (${expr})`;
}

/** A quantile of one of the gateway's own histograms. */
export function quantile(q: number, histogram: string, ...by: readonly string[]): string {
  return `histogram_quantile(${q}, ${buckets(histogram, ...by)})`;
}

/** The rate of each bucket of one of the gateway's own histograms, for a heatmap. */
export function buckets(histogram: string, ...by: readonly string[]): string {
  return sum(rate(own(`${histogram}_bucket`)), 'le', ...by);
}

/** `part` of `whole`; no series where `whole` is 0. Both are aggregations or single selections. */
export function share(part: string, whole: string): string {
  return `${part} / (${whole} > 0)`;
}

/**
 * The rate of a counter by one of its labels, those left out that stood still all the time that is shown: a legend of zeros hides the
 * one that is not. `none` where nothing is left.
 */
export function rateBy(label: string, name: string, ...matchers: readonly string[]): string {
  const counter = own(name, ...matchers);
  const moved = `${sum(`increase(${counter}[$__range] @ end())`, label)} > 0`;
  const none = `label_replace(vector(0), "${label}", "none", "", "")`;
  return `${sum(rate(counter), label)}\n  and on (${label}) ${moved}\n  or on () ${none}`;
}

/** 0 where there is nothing. For panels with one number. */
export function orZero(expr: string): string {
  return `${expr} or vector(0)`;
}

/** Whether a number of this moment is there at any moment. */
export function isAlwaysThere(expr: string): boolean {
  return expr.endsWith(' or vector(0)') && !expr.includes('[$__range]');
}

/** The worst of all chosen gateways; NaN, which a share of nothing is, does not count. */
export function worst(recorded: string): string {
  return `max(${recorded} >= 0)`;
}

/** Frames a second that reach the rings of each gateway: what was heard, and what was said, of which sinks read both. */
export const framesToRings = [
  sum(rate(own('frames_committed_total')), 'instance'),
  `+ ${sum(rate(own('playback_frames_total', 'outcome="sent"')), 'instance')}`,
  `- ${sum(rate(own('playback_unrecorded_frames_total')), 'instance')}`,
].join('\n  ');
