/** The command line of the check, as a process of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSettings } from '../../src/cli/check.ts';
import { flagName } from '../../src/config/setting.ts';
import { scenarios } from '../../src/conformance/scenarios/all.ts';
import { runCommand } from '../support/gateway-process.ts';
import { rightToken, ServerProcess } from './process.ts';

let server: ServerProcess;
let faulty: ServerProcess;
const quick = ['--watch', '60ms', '--late', '8s'];

beforeAll(async () => {
  server = await ServerProcess.start('server.ts', 'none', 'with-token');
  faulty = await ServerProcess.start('server.ts', 'closes-on-unknown-kinds');
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await faulty[Symbol.asyncDispose]();
});

function check(...argv: readonly string[]) {
  return runCommand(['simulate', '--check', ...argv]);
}

test('prints a row for each scenario, the sum of them, and exits with 0', async () => {
  const { code, stdout, stderr } = await check(
    '--url',
    server.url,
    '--token',
    rightToken,
    '--only',
    'clean-call,ping',
    ...quick,
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /^pass {2}clean-call {2}mixed audio .*\npass {2}ping {8}pings .*\n\n2 scenarios in [\d.]+ s: 2 passed, 0 with a warning, 0 failed\nok\n$/,
  );
});

test('exits with 1 when a scenario fails, and says what was seen, why it matters and what to do', async () => {
  const { code, stdout } = await check('--url', faulty.url, '--only', 'unknown-kinds', ...quick);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^FAIL {2}unknown-kinds .*\n {6}the call did not survive MarkData: closed it with 1003; .*\n {6}why it matters: .*\n {6}what to do: .*\n/,
  );
  expect(stdout.endsWith('not ok\n')).toBe(true);
});

test('exits with 0 when there are only warnings', async () => {
  const { code, stdout } = await check('--url', faulty.url, '--only', 'no-token', ...quick);
  expect([code, stdout.startsWith('warn  no-token')]).toEqual([0, true]);
});

test('prints exactly one JSON document with --report json', async () => {
  const { code, stdout } = await check(
    '--url',
    faulty.url,
    '--only',
    'unknown-kinds,ping',
    '--report',
    'json',
    ...quick,
  );
  expect([code, stdout.trimEnd().split('\n').length]).toEqual([1, 1]);
  expect(JSON.parse(stdout)).toMatchObject({
    reportVersion: 1,
    ok: false,
    unreachable: null,
    counts: { pass: 1, warn: 0, fail: 1, 'not applicable': 0 },
    scenarios: [{ name: 'unknown-kinds', verdict: 'fail', wasRun: true, source: 'official code' }, { name: 'ping' }],
  });
});

test('says in one line that nothing could be checked, and exits with 1', async () => {
  const { code, stdout, stderr } = await check('--url', server.url);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toBe(`nothing could be checked at ${server.url}: the server answered with 401\n`);
});

test('lists all scenarios without a server', async () => {
  const { code, stdout } = await check('--list');
  expect([
    code,
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ]).toEqual([0, scenarios.map(({ name }) => name)]);
  const json = JSON.parse((await check('--list', '--report', 'json')).stdout) as unknown[];
  expect(json.length).toBe(scenarios.length);
});

test('explains every flag with --help', async () => {
  const { code, stdout } = await check('--help');
  expect(code).toBe(0);
  for (const key of Object.keys(checkSettings)) expect(stdout).toContain(`  ${flagName(key)}`);
});

test('names all bad settings in one go', async () => {
  const argv = ['--url', 'http://x/audio', '--only', 'clean-call,no-such', '--watch', '1h', '--calls', '3'];
  const { code, stdout, stderr } = await check(...argv);
  expect([code, stdout]).toEqual([2, '']);
  for (const part of ['--url: write ws://', 'no scenario "no-such"', '--watch: "1h"', '"--calls": unknown flag']) {
    expect(stderr).toContain(part);
  }
  expect((await check()).stderr).toContain('--url: required');
});

test('never shows what may be a secret', async () => {
  const url = `${server.url}/SECRET-1?accesstoken=SECRET-2`;
  for (const extra of [[], ['--report', 'json'], ['--insecure']]) {
    const argv = ['--url', url, '--token', rightToken, '--header', 'X-Key: SECRET-4', '--only', 'handshake', ...quick];
    const { stdout, stderr } = await check(...argv, ...extra);
    expect(stdout + stderr).not.toMatch(/SECRET|right-token/);
  }
});
