/** Figures of a process from /proc. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { parseStat, parseStatus, readProcessStats, readTreeUsage } from '../../../bench/load/process-stats.ts';
import { needs } from '../../support/needs.ts';

test('the name of a process may look like anything', () => {
  const stat = '42 (node) S 1 (x) S 1 42 42 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 11 0 100 1 1';
  expect(parseStat(stat)).toEqual({ userUs: 1_230_000, systemUs: 450_000 });
});

test('a figure of the status is in bytes, and one that is not there is an error', () => {
  const status = 'Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n';
  expect(parseStatus(status, 'VmRSS')).toBe(1_048_576);
  expect(() => parseStatus(status, 'VmSwap')).toThrow('VmSwap');
});

test('work shows up as time of the main thread', needs('linux'), () => {
  const before = readProcessStats(process.pid);
  const cpu = process.cpuUsage();
  while (process.cpuUsage(cpu).user < 200_000);
  const after = readProcessStats(process.pid);
  const spentUs = after.userUs + after.systemUs - before.userUs - before.systemUs;
  expect(spentUs).toBeGreaterThan(100_000);
  expect(after.rssBytes).toBeGreaterThan(20e6);
  expect(after.rssPeakBytes).toBeGreaterThanOrEqual(after.rssBytes);
  expect(after.descriptors).toBeGreaterThan(3);
});

test('a process with workers is all of them together', needs('linux'), async () => {
  const worker = `require('node:child_process').spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60_000)'], { stdio: 'inherit' })`;
  const parent = spawn(process.execPath, ['-e', worker], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  onTestFinished(() => void process.kill(-parent.pid!, 'SIGKILL'));
  await once(parent.stdout!, 'data');
  const [own, both] = [readProcessStats(parent.pid!), readTreeUsage(parent.pid!)];
  expect(both.rssBytes).toBeGreaterThan(own.rssBytes * 1.5);
  expect(both.userUs + both.systemUs).toBeGreaterThanOrEqual(own.userUs + own.systemUs);
});
