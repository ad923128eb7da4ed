/** The log on a terminal is for people; everywhere else, and where it is asked for, it is JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { runCommand, sourceEntry } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { Terminal } from './terminal.ts';

// `exec`, because a shell that waits answers Ctrl-C with an exit code of its own.
const serve = `exec ${process.execPath} --disable-warning=ExperimentalWarning ${sourceEntry} serve --port 0 --admin-port 0`;

function open(command: string, env: Readonly<Record<string, string>> = {}): Terminal {
  const terminal = new Terminal(command, env);
  onTestFinished(() => terminal.close());
  return terminal;
}

async function call(port: string, callId: string): Promise<void> {
  const client = await AcsClient.connect(`ws://127.0.0.1:${port}/audio`, { 'x-ms-call-connection-id': callId });
  client.send(metadata(), audio(0), audio(1));
  await client.hangUp();
}

test('a terminal gets a coloured line for a stream, and the account at the end', needs('script'), async () => {
  const terminal = open(serve);
  await call(await terminal.shows(/ listening audio=127\.0\.0\.1:(\d+)\/audio/), 'call-1');
  await terminal.shows(/stream ended/);
  expect(await terminal.interrupt()).toBe(0);

  expect(terminal.text).toContain('\u001b[32mINFO');
  const lines = terminal.shown.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line).toMatch(/^(\^C)?\d\d:\d\d:\d\d\.\d{3} INFO {2}\S/);
  expect(lines[1]).toMatch(/ stream ended .* frames=2 missing=0 .* call=call-1$/);
  expect(lines[3]).toMatch(/ drained streamsCut=0 received=3 committed=2 control=1 ignored=0 dropped=0 unaccounted=0$/);
});

test('what a peer calls itself does not act on the terminal', needs('script'), async () => {
  const terminal = open(serve, { NO_COLOR: '1' });
  const port = await terminal.shows(/audio=127\.0\.0\.1:(\d+)/);
  // What HTTP allows in a header beyond ASCII: controls that begin an escape sequence, and what shows as nothing.
  for (const id of ['c1 \u009b2J \u009d0;owned', 'soft\u00adhyphen', 'x unaccounted=5']) await call(port, id);
  await terminal.shows(/(stream ended[\s\S]*){3}/);
  expect(await terminal.interrupt()).toBe(0);

  expect(terminal.text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  expect(terminal.text).toContain('call="c1 \\u009b2J \\u009d0;owned"\n');
  expect(terminal.text).toContain('call="soft\\u00adhyphen"\n');
  expect(terminal.text).toContain('call="x unaccounted=5"\n');
});

test('NO_COLOR is respected', needs('script'), async () => {
  const terminal = open(serve, { NO_COLOR: '1' });
  await terminal.shows(/INFO {2}listening/);
  expect(await terminal.interrupt()).toBe(0);
  expect(terminal.text).not.toContain('\u001b');
});

test('npm passes the terminal on', needs('script'), async () => {
  const terminal = open('npm start -- --port 0 --admin-port 0');
  await terminal.shows(/INFO {2}listening/);
  // Whatever its exit code: that is npm's own.
  await terminal.interrupt();
  expect(terminal.shown).toMatch(/INFO {2}drained .* unaccounted=0\n/);
});

test('JSON on a terminal, if it is asked for', needs('script'), async () => {
  const terminal = open(serve, { ACS_GATEWAY_LOG_FORMAT: 'json' });
  await terminal.shows(/"msg":"listening"/);
  expect(await terminal.interrupt()).toBe(0);
  const records = terminal.text.replace('^C', '').trimEnd().split('\n');
  expect(records.map((record) => JSON.parse(record).msg)).toEqual(['listening', 'draining', 'drained']);
});

test('lines for people in a pipe, if they are asked for, and without colours', async () => {
  const { FORCE_COLOR, ...env } = process.env;
  const args = ['--disable-warning=ExperimentalWarning', sourceEntry, '--port', '0', '--admin-port', '0'];
  const child = spawn(process.execPath, [...args, '--log-format', 'pretty'], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (!child.killed) child.kill('SIGTERM');
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(text).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}listening audio=.*\n.* draining .*\n.* drained .* unaccounted=0\n$/,
  );
});

test('another format is refused', async () => {
  const { code, stderr } = await runCommand(['serve', '--log-format', 'xml']);
  expect(code).toBe(2);
  expect(stderr).toContain('--log-format: "xml": expected one of auto, json, pretty');
});
