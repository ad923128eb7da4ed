/**
 * The README's blocks of "Try it", pasted into a shell one after the other in a clone, on other ports. The first block, with its `npm ci`,
 * is run by `npm run fresh`, those of "Build on it" by test/package.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/gateway-process.ts';
import { onPorts, readmeBlocks } from './readme-blocks.ts';

const root = resolve(import.meta.dirname, '../..');
/** 20 calls of five seconds and two starts of TypeScript sources; a busy machine needs more. */
const blockMsMax = 120_000;
/** `default` ports of the gateway, then those that the blocks name. */
const named = [8080, 9464, 8081, 9465];
let ports: ReadonlyMap<number, number>;

beforeAll(async () => {
  const free = await freePorts(named.length);
  ports = new Map(named.map((port, index) => [port, free[index]!]));
});

interface Shell {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** As a paste: every line is run, whatever became of the one before. Ends with the test, its children too. */
function paste(code: string, folder: string): Shell {
  const env = {
    ...process.env,
    PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`,
    // The gateway in terminal 1 is started without ports.
    ACS_GATEWAY_PORT: String(ports.get(8080)),
    ACS_GATEWAY_ADMIN_PORT: String(ports.get(9464)),
  };
  const child = spawn('bash', ['-c', onPorts(code, ports)], { cwd: folder, env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // Everything has ended.
    }
  });
  return { child, output: () => output };
}

async function ended({ child, output }: Shell): Promise<string> {
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), blockMsMax);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  expect(code, output()).toBe(0);
  return output();
}

test('the blocks of "Try it" run as they are, in order, in a clone', async () => {
  const folder = temporaryFolder();
  for (const name of ['package.json', 'node_modules', 'src']) symlinkSync(join(root, name), join(folder, name));
  const [first, ...others] = readmeBlocks().filter(({ section }) => section === 'Try it');
  expect(first!.code).toContain('# terminal 1');
  expect(others.map(({ code }) => code.includes('# terminal 1'))).toEqual([false, false]);

  const terminal = paste(first!.code, folder);
  await eventually(async () => {
    expect(terminal.child.exitCode, terminal.output()).toBe(null);
    return (await fetch(`http://127.0.0.1:${ports.get(9464)}/readyz`).catch(() => null))?.ok === true;
  });

  const played = await ended(paste(others[0]!.code, folder));
  expect(played).toContain('acs_gateway_messages_total{outcome="committed"}');
  expect(played.match(/\.wav/g)).toHaveLength(6);

  const checked = await ended(paste(others[1]!.code, folder));
  expect(checked).toContain('bit for bit the same');
  expect(checked).toMatch(/^\{.*"msg":"drained".*"unaccounted":0\}$/m);

  process.kill(-terminal.child.pid!, 'SIGINT');
  // Of the shell, which the signal ends too; its output closes when the gateway has ended.
  await once(terminal.child, 'close');
  expect(terminal.output()).toMatch(/"msg":"drained".*"unaccounted":0/);
});

test('every block of the README is run by a test', () => {
  const sections = readmeBlocks().map(({ section, language }) => `${section}: ${language}`);
  expect(sections).toEqual([
    ': sh',
    'Try it: sh',
    'Try it: sh',
    'Try it: sh',
    'Build on it: sh',
    'Build on it: js',
    'Build on it: sh',
  ]);
});
