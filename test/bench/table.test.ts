/** A result as a table, and how its figures are written. */
import { describe, expect, test } from 'vitest';
import { formatMeasure, formatNumber } from '../../bench/report/format.ts';
import { measure } from '../../bench/report/result.ts';
import { consoleTable, markdownTable } from '../../bench/report/table.ts';
import { cpu, row } from './results.ts';

describe('figures', () => {
  test('have three significant digits and thousands separators', () => {
    const written = [0, 0.4567, 4.567, 45.67, 456.7, 45_670].map((value) => formatNumber(value));
    expect(written).toEqual(['0', '0.457', '4.57', '45.7', '457', '45,670']);
  });

  test('show the spread around the median, with the digits of the median', () => {
    expect(formatMeasure(measure('ns', 'lower', [9.87, 10.04, 123.4]))).toBe('10.0 (9.9–123.4)');
  });

  test('that did not spread, and counts, are written alone and whole', () => {
    expect(formatMeasure(measure('', 'lower', [3, 3, 3]))).toBe('3');
  });
});

describe('a Markdown table', () => {
  const rows = [
    row('ours', { ...cpu(3, 3.5, 4), RSS: measure('MiB', 'lower', [120]) }, ['the load was not reached']),
    row('a | b <script>', cpu(7), ['the load was not reached', 'hot']),
  ];

  test('has units in the header, a dash for what a row cannot have, and every remark once', () => {
    expect(markdownTable(rows)).toBe(
      [
        '| | CPU (µs/frame) | RSS (MiB) |',
        '|---|---:|---:|',
        '| ours <sup>1</sup> | 3.50 (3.00–4.00) | 120 |',
        '| a \\| b &lt;script> <sup>1, 2</sup> | 7 | – |',
        '',
        '1. the load was not reached',
        '2. hot',
      ].join('\n'),
    );
  });

  test('shows the columns that were chosen, in that order', () => {
    expect(markdownTable(rows, ['RSS', 'CPU']).split('\n')[0]).toBe('| | RSS (MiB) | CPU (µs/frame) |');
  });

  test('puts a column that the first row lacks where the others have it', () => {
    const full = row('b', {
      CPU: measure('ms', 'lower', [1]),
      wait: measure('ms', 'lower', [2]),
      RSS: measure('KB', 'lower', [3]),
    });
    const bare = row('a', { CPU: measure('ms', 'lower', [1]), RSS: measure('KB', 'lower', [3]) });
    expect(markdownTable([bare, full]).split('\n')[0]).toBe('| | CPU (ms) | wait (ms) | RSS (KB) |');
  });

  test('has units in the cells when they differ in a column', () => {
    const mixed = [row('a', { time: measure('ns', 'lower', [5]) }), row('b', { time: measure('ms', 'lower', [6]) })];
    expect(markdownTable(mixed).split('\n').slice(2)).toEqual(['| a | 5 ns |', '| b | 6 ms |']);
    expect(markdownTable(mixed)).not.toContain('time (');
  });
});

test('a console table is aligned at the right', () => {
  const lines = consoleTable([row('a', cpu(3)), row('longer', cpu(12_345), ['late'])]).split('\n');
  expect(lines[0]!.length).toBe(lines[1]!.length);
  expect(lines[2]).toMatch(/^a {10}/);
  expect(lines.slice(2, 4).map((line) => line.length)).toEqual([lines[1]!.length, lines[1]!.length]);
  expect(lines[3]).toMatch(/^longer \[1\] .* 12,345$/);
  expect(lines[4]).toBe('[1] late');
});
