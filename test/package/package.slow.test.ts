/** The package as its users get it: packed, installed into an empty project, and the README's program run against the simulator. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { onPorts, readmeBlocks } from '../docs/readme-blocks.ts';
import { freePorts } from '../support/free-ports.ts';

const root = resolve(import.meta.dirname, '../..');
let project = '';
let packed: string[] = [];

/** Node.js 22 first, as it would be on the user's machine. */
const env = { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` };

function npm(folder: string, ...args: string[]): string {
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: folder,
    encoding: 'utf8',
    env,
  });
}

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'acs-package-'));
  const output = npm(root, 'pack', '--json', '--pack-destination', folder);
  // What the build prints stands before it.
  const [{ filename, files }] = JSON.parse(output.slice(output.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = files.map(({ path }) => path);
  project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  npm(project, 'install', '--omit=optional', join(folder, filename));
  return () => rmSync(folder, { recursive: true });
});

describe('the package', () => {
  it('has what its users need, and nothing of its development', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE']),
    );
    const kinds = new Set(packed.map((path) => path.split('/')[0]));
    const files = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'];
    expect([...kinds].sort()).toEqual([...files, 'deploy', 'dist', 'docs', 'grafana', 'src'].sort());
  });

  it('has what the README links to, but for the tests, and the source of every file that was compiled', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\(([^)#:]+)[^):]*\)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(25);
    const missing = links.filter((link) => !link.startsWith('test/') && !packed.some((path) => path.startsWith(link)));
    expect(missing).toEqual([]);
    const maps = packed.filter((path) => path.endsWith('.js.map'));
    expect(maps.length).toBeGreaterThan(200);
    const sources = maps.map((path) => path.replace('dist/', 'src/').replace('.js.map', '.ts'));
    expect(sources.filter((path) => !packed.includes(path))).toEqual([]);
  });

  it('has examples that import the package, wherever they stand', () => {
    const examples = packed.filter((path) => path.startsWith('dist/examples/') && path.endsWith('.ts'));
    expect(examples.length).toBeGreaterThan(30);
    const installed = join(project, 'node_modules/acs-audio-gateway');
    for (const path of examples) expect(readFileSync(join(installed, path), 'utf8'), path).not.toMatch(/'[.\/]+src\//);
  });

  it('brings the command', () => {
    const version = execFileSync('npx', ['--no-install', 'acs-audio-gateway', '--version'], {
      cwd: project,
      encoding: 'utf8',
      env,
    });
    expect(version.trim()).toBe(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
  });

  it('has types that a strict project compiles with', () => {
    const program = [
      "import { type RingHandle, RingReader, startGateway } from 'acs-audio-gateway';",
      "import { checkServer, scenarios, startCalls } from 'acs-audio-gateway/testing';",
      'const gateway = await startGateway({ port: 0 });',
      "const { ok, expected } = await startCalls({ url: 'ws://127.0.0.1:1' }).ended;",
      "void [ok, expected.frames, checkServer({ url: 'ws://127.0.0.1:1', scenarios })];",
      'for await (const { participantId } of gateway.participants()) void participantId?.length;',
      "gateway.on('participant', (participant) => {",
      '  const handle: RingHandle = participant.ring();',
      '  void new RingReader(handle).toReadable().pipe;',
      '});',
    ];
    writeFileSync(join(project, 'program.ts'), program.join('\n'));
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
    const typeRoots = ['--typeRoots', join(root, 'node_modules/@types')];
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, ...flags, ...typeRoots, 'program.ts'], {
      cwd: project,
      encoding: 'utf8',
    });
  });

  it('runs the README’s blocks: levels of every participant appear, and Ctrl-C ends the program', async () => {
    const [install, program, play] = readmeBlocks().filter(({ section }) => section === 'Build on it');
    expect(install!.code.trim()).toBe('npm install acs-audio-gateway');
    expect(program!.code.split('\n').length).toBeLessThanOrEqual(16);
    const free = await freePorts(2);
    const ports = new Map([8082, 9466].map((port, index) => [port, free[index]!]));
    writeFileSync(join(project, 'levels.mjs'), onPorts(program!.code, ports));
    const child = spawn('bash', ['-c', onPorts(play!.code, ports)], { cwd: project, env, detached: true });
    onTestFinished(() => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // Everything has ended.
      }
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    expect((await once(child, 'close'))[0], output).toBe(0);
    expect(output.match(/ended: 250 frames, 0 lost/g), output).toHaveLength(2);
    expect(output).toMatch(/#{5,}/);
  });
});
