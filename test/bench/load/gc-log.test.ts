/** What `node --trace-gc` prints, and what it adds up to. */
import { expect, test } from 'vitest';
import { GcLog, parseGcLine } from '../../../bench/load/gc-log.ts';

const scavenge =
  '[1409:0x7fd344001000]       18 ms: Scavenge 3.3 (3.9) -> 2.6 (4.9) MB, pooled: 0 MB, 1.57 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; ';
const older =
  '[1409:0xba37000]      125 ms: Scavenge 4.9 (5.4) -> 4.5 (6.4) MB, 3.13 / 0.00 ms  (average mu = 1.000) task; ';
const compact =
  '[1409:0xba37000]      710 ms: Mark-Compact 23.2 (54.8) -> 4.0 (38.4) MB, pooled: 11 MB, 6.88 / 0.00 ms  (+ 12.3 ms in 2 steps since start of marking, biggest step 9.5 ms, walltime since start of marking 10 ms) (average mu = 0.987, current mu = 0.987) finalize incremental marking via task; GC in old space requested';

test('a scavenge is its pause', () => {
  expect(parseGcLine(scavenge)).toEqual({ pauseMs: 1.57, totalMs: 1.57 });
  expect(parseGcLine(older)).toEqual({ pauseMs: 3.13, totalMs: 3.13 });
});

test('a mark-compact is its pause and the steps before it, the longest of which may be longer', () => {
  const event = parseGcLine(compact)!;
  expect(event.pauseMs).toBe(9.5);
  expect(event.totalMs).toBeCloseTo(19.18);
});

test('any other line is none of it', () => {
  expect(parseGcLine('{"level":30,"msg":"listening","port":1}')).toBeNull();
  expect(new GcLog().take('hello')).toBe(false);
});

test('only what lies in the window counts', async () => {
  const log = new GcLog();
  log.take(scavenge);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const fromMs = performance.now();
  expect(log.take(compact)).toBe(true);
  log.take(older);
  expect(log.between(fromMs, performance.now()).totalMs).toBeCloseTo(19.18 + 3.13);
  expect(log.between(fromMs, performance.now()).longestPauseMs).toBe(9.5);
  expect(log.between(performance.now() + 1, performance.now() + 2)).toEqual({ totalMs: 0, longestPauseMs: 0 });
});

test('what node --trace-gc really prints is understood', async () => {
  const { spawnSync } = await import('node:child_process');
  const script = 'let a = []; for (let i = 0; i < 3e6; i++) { a.push({ i }); if (i % 1e5 === 0) a = []; }';
  const { stdout } = spawnSync(process.execPath, ['--trace-gc', '-e', script], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => / (Scavenge|Mark-Compact) /.test(line));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => parseGcLine(line) === null)).toEqual([]);
});
