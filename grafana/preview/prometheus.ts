/** Asks a Prometheus. Invariant: an answer that is no success is thrown, with the query and what Prometheus says about it. */

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970 and a value, which may be NaN. */
  readonly points: readonly (readonly [time: number, value: number])[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly resultType: string; readonly result: readonly RawSeries[] };
}

interface RawSeries {
  readonly metric: Record<string, string>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

function toNumber(text: string): number {
  return text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
}

async function ask(base: string, path: string, expr: string, more: Record<string, string>): Promise<Series[]> {
  const body = new URLSearchParams({ query: expr, ...more });
  const response = await fetch(new URL(path, base), { method: 'POST', body, signal: AbortSignal.timeout(10_000) });
  const { status, error, data } = (await response.json()) as Answer;
  if (status !== 'success') throw new Error(`${error}: ${expr}`);
  if (data.resultType !== 'vector' && data.resultType !== 'matrix') throw new Error(`a ${data.resultType}: ${expr}`);
  return data.result.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? [value!]).map(([time, text]) => [time, toNumber(text)] as const),
  }));
}

/** The values at one moment, in seconds since 1970. */
export function queryInstant(base: string, expr: string, time: number): Promise<Series[]> {
  return ask(base, '/api/v1/query', expr, { time: String(time) });
}

export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

export function queryRange(base: string, expr: string, { start, end, step }: Range): Promise<Series[]> {
  return ask(base, '/api/v1/query_range', expr, { start: String(start), end: String(end), step: String(step) });
}
