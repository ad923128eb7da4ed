/** The package as its users get it: packed, installed into an empty project, and the README's program run against the simulator. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-ports.ts';
import { eventually } from '../support/gateway-process.ts';

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
    expect([...kinds].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
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
      'const gateway = await startGateway({ port: 0 });',
      "gateway.on('participant', (participant) => {",
      '  const handle: RingHandle = participant.ring();',
      '  void new RingReader(handle).framesLapped;',
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

  it('runs the README’s program: levels of every participant appear', async () => {
    const snippet = /```js\n(import \{ RingReader, startGateway \}[\s\S]*?)```/.exec(
      readFileSync(join(root, 'README.md'), 'utf8'),
    )?.[1];
    const port = await freePort();
    expect(snippet?.split('\n').length).toBeLessThanOrEqual(16);
    const program = snippet!.replace('port: 8080', `port: ${port}, adminPort: 0`);
    expect(program).not.toBe(snippet);
    writeFileSync(join(project, 'levels.mjs'), program);
    const child = spawn(process.execPath, ['levels.mjs'], { cwd: project });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok === true);
    const simulate = ['--no-install', 'acs-audio-gateway', 'simulate', '--url', `ws://127.0.0.1:${port}/audio`];
    const flags = ['--participants', '2', '--duration', '2s', '--report', 'json'];
    const simulator = spawn('npx', [...simulate, ...flags], { cwd: project, env });
    expect((await once(simulator, 'close'))[0]).toBe(0);
    await eventually(() => (output.match(/ended: 100 frames, 0 lost/g)?.length ?? 0) === 2);
    expect(output).toMatch(/#{5,}/);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(0);
  });
});
