/** Panels without axes, as HTML: one number, a table, a text. Pure. */
import { colorAt, colorOf, type Step } from './color.ts';
import { escapeHtml, type OrganizeOptions, overridesOf, type PanelJson, type View } from './panel-json.ts';
import { format } from './unit.ts';

export function drawNumber({ panel, answers, range, width, height }: View): string {
  const { unit = 'short', decimals, noValue = 'No data', thresholds } = panel.fieldConfig!.defaults;
  const points = (answers[0]?.series[0]?.points ?? []).filter(([, value]) => Number.isFinite(value));
  const last = points.at(-1);
  if (last === undefined) return `<div class="number" style="color:#8e8e99">${noValue}</div>`;
  const color = colorAt(thresholds?.steps ?? [], last[1]);
  const high = points.reduce((max, [, value]) => Math.max(max, value), 1e-12);
  const path = points.map(([time, value]) => {
    const x = ((time - range.start) / (range.end - range.start)) * width;
    return `${x.toFixed(1)},${(height - (value / high) * height * 0.45).toFixed(1)}`;
  });
  const area = `<polygon points="${path[0]!.replace(/,.*/, '')},${height} ${path.join(' ')} ${width},${height}" fill="${color}" opacity="0.15"/>`;
  const line = `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" opacity="0.7"/>`;
  const past = points.length > 1 ? `<svg class="past" width="${width}" height="${height}">${area}${line}</svg>` : '';
  return `${past}<div class="number" style="color:${color}">${escapeHtml(format(last[1], unit, decimals))}</div>`;
}

type Row = Record<string, string | number>;

/** Merges the answers of one moment into rows, by the labels that they share, as the transformation `merge` does. */
function mergeRows({ answers }: View): Row[] {
  const rows: Row[] = [];
  const labelSets = answers.map(({ series }) => new Set(series.flatMap(({ labels }) => Object.keys(labels))));
  const shared = [...(labelSets[0] ?? [])].filter((label) =>
    labelSets.every((set) => set.size === 0 || set.has(label)),
  );
  for (const { target, series } of answers) {
    for (const { labels, points } of series) {
      let row = rows.find((each) => shared.every((label) => each[label] === labels[label]));
      if (row === undefined || answers.length === 1) {
        row = {};
        rows.push(row);
      }
      Object.assign(row, labels, { [answers.length === 1 ? 'Value' : `Value #${target.refId}`]: points[0]![1] });
    }
  }
  return rows;
}

function cell(panel: PanelJson, name: string, value: string | number | undefined): string {
  if (value === undefined) return '<td></td>';
  if (typeof value === 'string') return `<td>${escapeHtml(value)}</td>`;
  const looks = overridesOf(panel, name);
  const mappings = looks.get('mappings') as [{ options: Record<string, { text: string; color: string }> }] | undefined;
  const word = mappings?.[0].options[String(value)];
  if (word !== undefined) return `<td style="color:${colorOf(word.color)}">${word.text}</td>`;
  const steps = (looks.get('thresholds') as { steps: Step[] } | undefined)?.steps ?? [];
  const text = format(value, (looks.get('unit') as string) ?? 'short', looks.get('decimals') as number | undefined);
  return `<td style="color:${colorAt(steps, value)}">${escapeHtml(text)}</td>`;
}

export function drawTable(view: View): string {
  const { panel } = view;
  const options = panel.transformations!.find(({ id }) => id === 'organize')!.options;
  const { indexByName = {}, renameByName = {} }: OrganizeOptions = options;
  const columns = Object.keys(indexByName).sort((a, b) => indexByName[a]! - indexByName[b]!);
  const rows = mergeRows(view);
  if (rows.length === 0) return `<div class="empty">${panel.fieldConfig?.defaults.noValue ?? 'No data'}</div>`;
  const head = columns.map((name) => `<th>${escapeHtml(renameByName[name] ?? name)}</th>`).join('');
  const body = rows.map(
    (row) => `<tr>${columns.map((name) => cell(panel, renameByName[name] ?? name, row[name])).join('')}</tr>`,
  );
  return `<table><tr>${head}</tr>${body.join('')}</table>`;
}

/** The little Markdown that our texts use: paragraphs, lists, bold, italic. */
export function drawText({ panel }: View): string {
  const inline = (text: string) =>
    escapeHtml(text)
      .replaceAll(/\*\*(.+?)\*\*/g, '<b>$1</b>')
      .replaceAll(/\*(.+?)\*/g, '<i>$1</i>');
  const blocks = (panel.options?.content ?? '').split(/\n\n+/).map((block) => {
    if (!block.startsWith('- ')) return `<p>${inline(block)}</p>`;
    const items = block.split(/\n?^- /m).filter((item) => item !== '');
    return `<ul>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
  });
  return `<div class="words">${blocks.join('')}</div>`;
}
