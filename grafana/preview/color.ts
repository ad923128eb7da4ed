/** Grafana's colours on its dark theme, as far as our panels use them. Pure. */

// biome-ignore format: a table
export const palette = [
  '#73BF69', '#F2CC0C', '#8AB8FF', '#FF780A', '#F2495C', '#5794F2', '#B877D9', '#705DA0',
  '#37872D', '#FADE2A', '#447EBC', '#C15C17', '#890F02', '#0A437C', '#6D1F62', '#584477',
] as const;

const named: Readonly<Record<string, string>> = {
  green: '#73BF69',
  yellow: '#FADE2A',
  orange: '#FF9830',
  red: '#F2495C',
  blue: '#5794F2',
  text: '#CCCCDC',
};

export function colorOf(name: string): string {
  return named[name] ?? name;
}

export interface Step {
  readonly value: number | null;
  readonly color: string;
}

/** The colour of the last threshold that the value reaches. */
export function colorAt(steps: readonly Step[], value: number): string {
  const reached = steps.filter((step) => step.value === null || value >= step.value);
  return colorOf(reached.at(-1)?.color ?? 'text');
}

/** The scheme `Oranges`, dark to light, 0 to 1. */
export function heat(share: number): string {
  const stops = [
    [64, 24, 4],
    [166, 54, 3],
    [241, 105, 19],
    [253, 174, 107],
    [255, 245, 235],
  ] as const;
  const position = Math.min(share, 0.9999) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(position)]!, stops[Math.floor(position) + 1]!];
  const mixed = from.map((value, index) => Math.round(value + (to[index]! - value) * (position % 1)));
  return `rgb(${mixed.join(',')})`;
}
