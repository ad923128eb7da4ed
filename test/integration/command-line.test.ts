/** The commands as a user meets them: what they print, and how they end. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { GatewayProcess, runCommand, runUnprivileged } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';

function withoutStackTrace(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at /m);
}

test('every bad setting is reported in one go, with its name, its value and what was expected, and the exit code is 2', async () => {
  const file = join(temporaryFolder(), 'gateway.json');
  writeFileSync(file, JSON.stringify({ ringSeconds: 'long', colour: 'red' }));
  const { code, stdout, stderr } = await runCommand(
    ['--config', file, '--port', '70000', '--decoder', 'fast', '--sink', 'tape:x', '--host', '0.0.0.0', '--speed', '9'],
    { ACS_GATEWAY_WORKERS: 'many', ACS_GATEWAY_TYPO: '1' },
  );
  expect(code).toBe(2);
  expect(stdout).toBe('');
  withoutStackTrace(stderr);
  for (const problem of [
    '"--speed": unknown flag',
    'ACS_GATEWAY_TYPO: unknown environment variable',
    '"colour" in',
    '--port: "70000": expected an integer from 0 to 65535',
    'ACS_GATEWAY_WORKERS: "many": expected an integer from 1 to 256',
    '--decoder: "fast": expected one of scan, simdjson, json',
    '"long": expected a number from 1 to 600',
    '--sink: "tape:x": expected wav:DIR, pcm:DIR, nats://HOST:PORT[/SUBJECT-PREFIX] or module:FILE',
    '--host: "0.0.0.0": expected a loopback address',
  ]) {
    expect(stderr).toContain(problem);
  }
});

test('a name that is nearly right is followed by the one that was meant', async () => {
  const { stderr } = await runCommand(['serve', '--ring-second', '4'], { ACS_GATEWAY_WORKER: '1' });
  expect(stderr).toContain('"--ring-second": unknown flag; did you mean --ring-seconds?');
  expect(stderr).toContain('ACS_GATEWAY_WORKER: unknown environment variable; did you mean ACS_GATEWAY_WORKERS?');
  expect((await runCommand(['simulat'])).stderr).toContain('unknown command "simulat"; did you mean simulate?');
});

test.each([
  [['-h'], /^Usage: acs-audio-gateway \[command\]/],
  [['help'], /^Usage: acs-audio-gateway \[command\]/],
  [['serve', '-h'], /^Usage: acs-audio-gateway \[serve\]/],
  [['simulate', '-h'], /^Usage: acs-audio-gateway simulate/],
  [['-v'], /^\d+\.\d+\.\d+/],
  [['version'], /^\d+\.\d+\.\d+/],
])('%s says what it is, and ends with 0', async (argv, expected) => {
  const { code, stdout } = await runCommand(argv);
  expect([code, stdout]).toEqual([0, expect.stringMatching(expected)]);
});

test('the command line counts more than the environment, the environment more than the file, the file more than the default', async () => {
  const file = join(temporaryFolder(), 'gateway.json');
  writeFileSync(file, JSON.stringify({ port: 1, path: '/file', ringSeconds: 3 }));
  // A wrong host stops the start after everything was read, and the message shows which value won.
  const given = await runCommand(['--config', file, '--port', '99999'], {
    ACS_GATEWAY_PATH: 'env',
    ACS_GATEWAY_RING_SECONDS: '0',
  });
  expect(given.stderr).toContain('--port: "99999"');
  expect(given.stderr).toContain('ACS_GATEWAY_PATH: "env"');
  expect(given.stderr).toContain('ACS_GATEWAY_RING_SECONDS: "0"');
  expect(given.stderr).not.toContain(`in ${file}`);
});

test('sinks of one name are refused, and those that differ in their folders, prefixes or names are not', async () => {
  const folder = temporaryFolder();
  const module = join(folder, 'sink.js');
  writeFileSync(module, 'export default () => ({ open: () => ({ write() {} }) });');
  const flags = (...sinks: string[]) => [
    '--port',
    '0',
    '--admin-port',
    '0',
    ...sinks.flatMap((sink) => ['--sink', sink]),
  ];
  const nats = 'nats://user:secret@127.0.0.1:1';
  for (const [name, ...sinks] of [
    [`wav:${folder}/a`, `wav:${folder}/a`, `wav:${folder}/a`],
    [`module:${module}`, `module:${module}?level=1`, `module:${module}?level=2`],
    ['nats://127.0.0.1:1/acs.audio', nats, nats],
  ] as const) {
    const { code, stderr } = await runCommand(flags(...sinks));
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`--sink: "${name}": expected sinks of different names`),
    ]);
    expect(stderr).not.toContain('secret');
  }
  const sinks = [`wav:${folder}/a`, `wav:${folder}/b`, `module:${module}`, `module:${module}?name=second`];
  const gateway = await GatewayProcess.start(...flags(...sinks).slice(4));
  onTestFinished(() => gateway.kill());
  const names = Array.from((await gateway.metrics()).keys()).filter((name) => name.startsWith('sink_ready'));
  expect(names).toHaveLength(4);
  expect(names).toContain('sink_ready{sink="second"}');
});

test('a port that is taken is a clear error without a stack trace', async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  for (const flags of [
    ['--port', String(gateway.port), '--admin-port', '0'],
    ['--port', '0', '--admin-port', String(gateway.adminPort)],
  ]) {
    const { code, stderr } = await runCommand(['serve', ...flags]);
    expect(code).toBe(3);
    expect(stderr).toContain('it is taken');
    withoutStackTrace(stderr);
  }
});

test('a sink that cannot be written is a clear error without a stack trace', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  const { code, stderr } = await runCommand([
    '--port',
    '0',
    '--admin-port',
    '0',
    '--sink',
    `wav:${folder}/file/deeper`,
  ]);
  expect(code).toBe(5);
  expect(stderr).toContain(`the sink wav:${folder}/file/deeper cannot start: ENOTDIR`);
  withoutStackTrace(stderr);
});

test('a folder without write permission is a clear error', needs('write protection'), async () => {
  const folder = join(temporaryFolder(), 'locked');
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  const { code, stderr } = await runUnprivileged(['--port', '0', '--admin-port', '0', '--sink', `wav:${folder}`]);
  expect(code).toBe(5);
  expect(stderr).toContain('EACCES');
});

test('every command answers --help, and the program its --version', async () => {
  for (const args of [['--help'], ['serve', '--help'], ['simulate', '--help'], ['doctor', '--help']]) {
    const { code, stdout } = await runCommand(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: acs-audio-gateway/);
  }
  expect((await runCommand(['--help'])).stdout).toContain('--ring-seconds');
  for (const args of [['--version'], ['serve', '--version'], ['simulate', '--version'], ['doctor', '--version']]) {
    expect((await runCommand(args)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});

test('doctor finds this machine ready, and says what is wrong with a configuration and how to fix it', async () => {
  const ready = await runCommand(['doctor', '--port', '0', '--admin-port', '0']);
  expect(ready.stdout).toContain('Ready to serve.');
  expect(ready.code).toBe(0);
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  const wrong = await runCommand(['doctor', '--port', String(gateway.port), '--ring-memory-mb', '1000000']);
  expect(wrong.code).toBe(1);
  expect(wrong.stdout).toContain('choose another --port');
  expect(wrong.stdout).toContain('lower --ring-memory-mb');
});

test('doctor looks at the ports that were given, although another setting is bad', async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  const { stdout } = await runCommand(['doctor', '--port', String(gateway.port), '--ring-seconds', 'many']);
  expect(stdout).toContain('--ring-seconds: "many": expected');
  expect(stdout).toContain(`--port ${gateway.port}: cannot listen`);
});

test('doctor tries to write where recordings go, whatever the permissions say', async () => {
  const { stdout } = await runCommand(['doctor', '--port', '0', '--admin-port', '0', '--sink', 'wav:/proc/calls']);
  expect(stdout).toMatch(/FAIL +--sink wav:\/proc\/calls: /);
  const folder = temporaryFolder();
  expect((await runCommand(['doctor', '--port', '0', '--admin-port', '0', '--sink', `wav:${folder}`])).stdout).toMatch(
    /ok +--sink wav:/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('of a module that exports something else the error says what', async () => {
  const module = join(temporaryFolder(), 'five.mjs');
  writeFileSync(module, 'export default 5');
  const { code, stderr } = await runCommand(['--port', '0', '--admin-port', '0', '--sink', `module:${module}`]);
  expect(code).toBe(5);
  expect(stderr).toContain('has a default export that is no sink (number)');
});

test.each([
  ['capture', 'info', 'calls.acscap'],
  ['recording', 'merge', 'recordings'],
])('%s takes no unknown flag for a file', async (...words) => {
  const { code, stderr } = await runCommand([...words, '--verbose']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('"--verbose": unknown flag')]);
});
