/**
 * Rows of a result as a table: for Markdown pages and for a terminal. A cell is the median with its spread, the unit stands
 * in the header, remarks below the table under the number of their row. Pure.
 */
import { formatMeasure, formatUnit } from './format.ts';
import type { Row } from './result.ts';

interface Sheet {
  readonly header: readonly string[];
  readonly lines: readonly { readonly name: string; readonly notes: readonly number[]; readonly cells: string[] }[];
  /** Without those that are said twice; their numbers begin at 1. */
  readonly remarks: readonly string[];
}

/** Every column that a row has, in order of appearance. */
export function columnsOf(rows: readonly Row[]): string[] {
  // The row with most of them first: it knows where the ones belong that others lack.
  const columnsOfRows = rows.map((row) => Object.keys(row.measures)).toSorted((a, b) => b.length - a.length);
  return [...new Set(columnsOfRows.flat())];
}

/** The unit of a column, or null when its rows differ; then it stands in the cells. */
function unitOf(rows: readonly Row[], column: string): string | null {
  const units = new Set(rows.flatMap((row) => row.measures[column]?.unit ?? []));
  return units.size > 1 ? null : ([...units][0] ?? '');
}

function layOut(rows: readonly Row[], columns: readonly string[]): Sheet {
  const units = columns.map((column) => unitOf(rows, column));
  const remarks = [...new Set(rows.flatMap((row) => row.remarks))];
  return {
    header: columns.map((column, i) => column + formatUnit(units[i] ?? '')),
    lines: rows.map((row) => ({
      name: row.name,
      notes: row.remarks.map((remark) => remarks.indexOf(remark) + 1),
      cells: columns.map((column, i) => {
        const found = row.measures[column];
        if (found === undefined) return '–';
        return formatMeasure(found) + (units[i] === null && found.unit !== '' ? ` ${found.unit}` : '');
      }),
    })),
    remarks,
  };
}

/** A cell must neither end itself nor begin a tag. */
function escapeMarkdown(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ');
}

export function markdownTable(rows: readonly Row[], columns: readonly string[] = columnsOf(rows)): string {
  const { header, lines, remarks } = layOut(rows, columns);
  const table = [
    `| | ${header.map(escapeMarkdown).join(' | ')} |`,
    `|---|${'---:|'.repeat(header.length)}`,
    ...lines.map(({ name, notes, cells }) => {
      const marks = notes.length === 0 ? '' : ` <sup>${notes.join(', ')}</sup>`;
      return `| ${escapeMarkdown(name)}${marks} | ${cells.map(escapeMarkdown).join(' | ')} |`;
    }),
  ];
  const list = remarks.map((remark, i) => `${i + 1}. ${escapeMarkdown(remark)}`);
  return [...table, ...(list.length === 0 ? [] : ['', ...list])].join('\n');
}

export function consoleTable(rows: readonly Row[], columns: readonly string[] = columnsOf(rows)): string {
  const { header, lines, remarks } = layOut(rows, columns);
  const names = lines.map(({ name, notes }) => name + (notes.length === 0 ? '' : ` [${notes.join(', ')}]`));
  const nameWidth = Math.max(0, ...names.map((name) => name.length));
  const widths = header.map((text, i) => Math.max(text.length, ...lines.map(({ cells }) => cells[i]!.length)));
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(nameWidth), ...cells.map((cell, i) => cell.padStart(widths[i]!))].join('  ').trimEnd();
  return [
    line('', header),
    [nameWidth, ...widths].map((width) => '─'.repeat(width)).join('  '),
    ...lines.map(({ cells }, i) => line(names[i]!, cells)),
    ...remarks.map((remark, i) => `[${i + 1}] ${remark}`),
  ].join('\n');
}
