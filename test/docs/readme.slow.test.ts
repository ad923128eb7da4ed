/**
 * The README's blocks of "Try it", pasted into a shell one after the other in a clone, on other ports. The first block, with its `npm ci`,
 * is run by `npm run fresh`, those of "Build on it" by test/package.
 */
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/gateway-process.ts';
import { ended, paste, userEnv } from './paste.ts';
import { onPorts, readmeBlocks } from './readme-blocks.ts';

const root = resolve(import.meta.dirname, '../..');
/** `default` ports of the gateway, then those that the blocks name. */
const named = [8080, 9464, 8081, 9465];
let ports: ReadonlyMap<number, number>;

beforeAll(async () => {
  const free = await freePorts(named.length);
  ports = new Map(named.map((port, index) => [port, free[index]!]));
});

test('the blocks of "Try it" run as they are, in order, in a clone', async () => {
  const folder = temporaryFolder();
  for (const name of ['package.json', 'node_modules', 'src']) symlinkSync(join(root, name), join(folder, name));
  const [first, ...others] = readmeBlocks().filter(({ section }) => section === 'Try it');
  expect(first!.code).toContain('# terminal 1');
  expect(others.map(({ code }) => code.includes('# terminal 1'))).toEqual([false, false]);

  // The gateway in terminal 1 is started without ports.
  const env = {
    ...userEnv,
    ACS_GATEWAY_PORT: String(ports.get(8080)),
    ACS_GATEWAY_ADMIN_PORT: String(ports.get(9464)),
  };
  const run = (code: string) => paste(onPorts(code, ports), folder, env);
  const terminal = run(first!.code);
  await eventually(async () => {
    expect(terminal.child.exitCode, terminal.output()).toBe(null);
    return (await fetch(`http://127.0.0.1:${ports.get(9464)}/readyz`).catch(() => null))?.ok === true;
  });

  const played = await ended(run(others[0]!.code));
  expect(played).toContain('acs_gateway_messages_total{outcome="committed"}');
  expect(played.match(/\.wav/g)).toHaveLength(6);

  const checked = await ended(run(others[1]!.code));
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
