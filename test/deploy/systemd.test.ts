/** The files of deploy/systemd: systemd understands them, the gateway accepts its settings, and the times and limits agree. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../src/base/errors.ts';
import { laneHalfBytes } from '../../src/base/limits.ts';
import { configure } from '../../src/cli/configuration.ts';
import { temporaryFolder } from '../support/folders.ts';
import { needs } from '../support/needs.ts';
import { afterDrainMs } from './drain-time.ts';

const folder = resolve(import.meta.dirname, '../../deploy/systemd');
const single = 'acs-audio-gateway.service';
const template = 'acs-audio-gateway@.service';
/** JobTimeoutSec of systemd's own reboot.target and poweroff.target. */
const rebootSecMax = 30 * 60;

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

/** Without comments. */
function linesOf(name: string): string[] {
  return read(name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function valuesOf(name: string, key: string): string[] {
  return linesOf(name)
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

function onlyValueOf(name: string, key: string): string {
  expect(valuesOf(name, key), key).toHaveLength(1);
  return valuesOf(name, key)[0]!;
}

function environmentOf(unit: string, instance: string): Record<string, string> {
  const ofUnit = valuesOf(unit, 'Environment').flatMap((line) => line.split(' '));
  const pairs = [...ofUnit, ...linesOf('gateway.env')].map((line) => line.replaceAll('%i', instance).split('=', 2));
  return Object.fromEntries(pairs) as Record<string, string>;
}

describe.each([single, template])('%s', (unit) => {
  const config = configure([], environmentOf(unit, '1'));

  test('waits longer for the drain than the gateway does, and not longer than a reboot waits for it', () => {
    const stopSec = Number(onlyValueOf(unit, 'TimeoutStopSec'));
    const least = (config.drainTimeoutMs + afterDrainMs) / 1000;
    expect(stopSec).toBeGreaterThanOrEqual(least + 10);
    expect(stopSec).toBeLessThan(rebootSecMax - 60);
  });

  test('has room for the memory and the open files that the settings allow', () => {
    const lanesMib = (config.workers * 2 * laneHalfBytes) / 2 ** 20;
    expect(onlyValueOf(unit, 'MemoryMax')).toBe('2G');
    expect(2048).toBeGreaterThanOrEqual(config.ringMemoryMb + lanesMib + 256);
    const files = config.maxStreams * (1 + config.sink.length * config.maxParticipants);
    expect(Number(onlyValueOf(unit, 'LimitNOFILE'))).toBeGreaterThanOrEqual(files);
  });

  test('does not start again what cannot start', () => {
    const { bad_settings, native_missing } = errorCodes;
    expect(onlyValueOf(unit, 'RestartPreventExitStatus')).toBe(`${bad_settings} ${native_missing}`);
  });

  test('records below its own folder, which is the only one that it may write to', () => {
    expect(onlyValueOf(unit, 'WorkingDirectory')).toBe(`%S/${onlyValueOf(unit, 'StateDirectory')}`);
    expect(config.sink).toEqual(['wav:./recordings']);
    expect(valuesOf(unit, 'ReadWritePaths')).toEqual([]);
  });

  test('leaves to V8 what it cannot do without', () => {
    expect(valuesOf(unit, 'MemoryDenyWriteExecute')).toEqual([]);
    expect(onlyValueOf(unit, 'Type')).toBe('exec');
  });

  test('is understood and found safe by systemd', needs('systemd-analyze'), () => {
    const copy = join(temporaryFolder(), unit.replace('@', '@1'));
    copyFileSync(join(folder, unit), copy);
    // It also looks whether the program is there.
    const program = onlyValueOf(unit, 'ExecStart').split(' ')[0]!;
    writeFileSync(copy, readFileSync(copy, 'utf8').replace(program, process.execPath));
    const analyze = (...args: string[]) => spawnSync('systemd-analyze', [...args, copy], { encoding: 'utf8' });
    expect(analyze('verify', '--man=no').stderr).toBe('');
    // Of 100; a service without any of it has 96.
    const security = analyze('security', '--offline=true', '--threshold=15', '--no-pager');
    expect(security.status, security.stdout).toBe(0);
  });
});

test('a line that systemd does not know, and one that is missing, are found', needs('systemd-analyze'), () => {
  const copy = join(temporaryFolder(), single);
  writeFileSync(copy, read(single).replace('CapabilityBoundingSet=', 'CapabilityBoundingSets='));
  expect(spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' }).stderr).toContain(
    'CapabilityBoundingSets',
  );
  const open = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', copy]);
  expect(open.status).not.toBe(0);
});

test('the template differs in ports, folders, names and what it does on reload only', () => {
  const common = linesOf(single);
  const special = linesOf(template);
  const ofTemplate = special.filter((line) => !common.includes(line));
  expect(common.filter((line) => !special.includes(line)).map((line) => line.split('=')[0])).toEqual([
    'Description',
    'WorkingDirectory',
    'StateDirectory',
    'ExecReload',
    'SyslogIdentifier',
  ]);
  expect(ofTemplate.filter((line) => !line.includes('%i'))).toEqual([]);
  expect(ofTemplate).toContain('Environment=ACS_GATEWAY_SHARE_PORT=true ACS_GATEWAY_ADMIN_PORT=946%i');
});

test('ten instances share one port, and have admin ports of their own', () => {
  const configs = Array.from({ length: 10 }, (_, i) => configure([], environmentOf(template, String(i))));
  expect(configs.every(({ sharePort }) => sharePort)).toBe(true);
  const ports = configs.map(({ adminPort }) => adminPort);
  expect(new Set([...ports, ...configs.map(({ port }) => port)]).size).toBe(11);
});
