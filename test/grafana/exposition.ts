/** Reads the Prometheus text format, strictly: a line that is not understood is an error. Pure. */

export interface ExpositionSample {
  /** The full name: of a histogram, with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric as it stands under its `# TYPE` line. */
export interface ExpositionFamily {
  readonly type: string;
  readonly help: string;
  /** All label names that any sample has. */
  readonly labels: ReadonlySet<string>;
  readonly samples: readonly ExpositionSample[];
}

const sampleLine = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const labelPair = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

function unescapeValue(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < text.length) {
    const match = labelPair.exec(text);
    if (match === null) throw new Error(`malformed labels: ${text}`);
    labels[match[1]!] = unescapeValue(match[2]!);
  }
  return labels;
}

function parseValue(text: string): number {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  const value = Number(text);
  if (Number.isNaN(value) && text !== 'NaN' && text !== 'Nan') throw new Error(`malformed value: ${text}`);
  return value;
}

/** By the name on the `# TYPE` line, in the order of the text. */
export function parseExposition(text: string): Map<string, ExpositionFamily> {
  const families = new Map<string, { type: string; help: string; labels: Set<string>; samples: ExpositionSample[] }>();
  const family = (name: string) => {
    let found = families.get(name);
    if (found === undefined) {
      found = { type: 'untyped', help: '', labels: new Set(), samples: [] };
      families.set(name, found);
    }
    return found;
  };
  for (const line of text.split('\n')) {
    const meta = /^# (TYPE|HELP) (\S+) (.*)$/.exec(line);
    if (meta !== null) {
      if (meta[1] === 'TYPE') family(meta[2]!).type = meta[3]!;
      else family(meta[2]!).help = meta[3]!;
      continue;
    }
    if (line === '' || line.startsWith('#')) continue;
    const match = sampleLine.exec(line);
    if (match === null) throw new Error(`malformed line: ${line}`);
    const [, name, labelText, value] = match;
    const labels = parseLabels(labelText ?? '');
    const base = name!.replace(/_(?:bucket|sum|count)$/, '');
    const owner = ['histogram', 'summary'].includes(families.get(base)?.type ?? '') ? base : name!;
    const { labels: names, samples } = family(owner);
    for (const label of Object.keys(labels)) names.add(label);
    samples.push({ name: name!, labels, value: parseValue(value!) });
  }
  return families;
}

/** The label names of every name that a query can use: a histogram has no series of its own name but `_bucket` and so on. */
export function seriesLabels(families: ReadonlyMap<string, ExpositionFamily>): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const [name, { type, samples }] of families) {
    const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
    for (const each of names) series.set(each, new Set(each.endsWith('_bucket') ? ['le'] : []));
    for (const sample of samples) for (const label of Object.keys(sample.labels)) series.get(sample.name)?.add(label);
  }
  return series;
}
