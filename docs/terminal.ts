/**
 * Makes docs/images/terminal.svg, the picture of the README: runs its commands in a real terminal (tmux), and draws what stands
 * there. `npm run docs:terminal`; wants tmux, curl and the default ports.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { recordSources } from './picture-sources.ts';
import { drawTerminals, type Pane } from './terminal-svg.ts';

const root = resolve(import.meta.dirname, '..');
const picture = join(import.meta.dirname, 'images/terminal.svg');
const columns = 134;
const rows = 40;
const waitMsMax = 60_000;

const start = 'npm start -- --sink wav:./recordings';
const simulate = 'npm run simulate -- --url ws://127.0.0.1:8080/audio --calls 3 --participants 2 --duration 5s';
const look = "curl -s 127.0.0.1:9464/metrics | grep -E '^acs_gateway_messages_(received|total)'";

/** What a clone needs for the two commands; recordings stay out of this one. */
const folder = mkdtempSync(join(tmpdir(), 'acs-terminal-'));
for (const name of ['package.json', 'node_modules', 'src']) symlinkSync(join(root, name), join(folder, name));

/** A server of its own, apart from any tmux of this user. */
function tmux(...args: readonly string[]): string {
  // Without what npm tells its children: theirs are to be as in a shell of a user.
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const env = { ...own, TERM: 'xterm-256color', LANG: 'C.UTF-8', PS1: '$ ', SHELL: '/bin/sh', TZ: 'UTC' };
  return execFileSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...args], { encoding: 'utf8', env });
}

function open(name: string): void {
  tmux('new-session', '-d', '-s', name, '-x', String(columns), '-y', String(rows), '-c', folder, 'sh');
}

function type(name: string, ...keys: readonly string[]): void {
  tmux('send-keys', '-t', name, ...keys);
}

async function shows(name: string, pattern: RegExp): Promise<void> {
  const deadline = performance.now() + waitMsMax;
  while (!pattern.test(tmux('capture-pane', '-p', '-t', name))) {
    if (performance.now() > deadline)
      throw new Error(`${pattern} does not appear:\n${tmux('capture-pane', '-p', '-t', name)}`);
    await sleep(100);
  }
}

/** With its colours, without the prompt that waits at the end. */
function pane(name: string, title: string): Pane {
  const text = tmux('capture-pane', '-p', '-e', '-t', name);
  const lines = text.split('\n');
  const last = lines.findLastIndex((line) => !['', '$'].includes(stripVTControlCharacters(line).trim()));
  return { title, lines: lines.slice(0, last + 1) };
}

try {
  open('gateway');
  open('simulator');
  open('shell');
  type('gateway', start, 'Enter');
  await shows('gateway', / listening /);
  type('simulator', simulate, 'Enter');
  await shows('simulator', /^ok$/m);
  await shows('gateway', /( stream ended [\s\S]*){3}/);
  type('shell', look, 'Enter');
  await shows('shell', /outcome="dropped"\} \d/);
  type('gateway', 'C-c');
  await shows('gateway', / drained .*unaccounted=0/);
  await sleep(500);
  const panes = [
    pane('gateway', 'the gateway, until Ctrl-C'),
    pane('simulator', 'the simulator plays three calls of two'),
    pane('shell', 'before Ctrl-C'),
  ];
  writeFileSync(picture, drawTerminals(panes, columns));
  recordSources(['terminal.svg']);
} finally {
  tmux('kill-server');
  rmSync(folder, { recursive: true });
}
