/** The package as its users get it: packed, installed into an empty project, and the README's program run against the simulator. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeWav } from '../../src/base/wav.ts';
import { ended, userEnv as env, paste } from '../docs/paste.ts';
import { onPorts, pageBlocks, readmeBlocks } from '../docs/readme-blocks.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { freePorts } from '../support/free-ports.ts';
import { judgingTimes } from '../support/starvation.ts';

const root = resolve(import.meta.dirname, '../..');
let project = '';
let tarball = '';
let packed: string[] = [];

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
  tarball = join(folder, filename);
  npm(project, 'install', '--omit=optional', tarball);
  return () => rmSync(folder, { recursive: true });
});

describe('the package', () => {
  it('has what its users need, and nothing of its development', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE']),
    );
    const page = packed.filter((path) => /^dist\/console\/(index\.html|assets\/)/.test(path));
    expect(page.map((path) => path.replace(/-[\w-]{8}\./, '.').slice('dist/console/'.length)).sort()).toEqual([
      'assets/icon.svg',
      'assets/index.css',
      'assets/index.js',
      'assets/sound-processor.js',
      'index.html',
    ]);
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
    for (const path of examples) expect(readFileSync(join(installed, path), 'utf8'), path).not.toMatch(/'[./]+src\//);
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
    const output = await ended(paste(onPorts(play!.code, ports), project));
    expect(output.match(/ended: 250 frames, 0 lost/g), output).toHaveLength(2);
    expect(output).toMatch(/#{5,}/);
  });

  it(
    'runs the blocks of the page on voice agents, from an empty folder: an agent answers, is interrupted, and goes on',
    judgingTimes(async () => {
      const [install, talk, ...others] = pageBlocks('docs/voice-agents.md').filter(({ language }) => language === 'sh');
      expect([install, talk].map((block) => block!.section)).toEqual(['Try it', 'Try it']);
      expect(others).toEqual([]);
      const free = await freePorts(3);
      const ports = new Map([8080, 9464, 9000].map((port, index) => [port, free[index]!]));
      const walk = temporaryFolder();
      const fetched = 'npm install acs-audio-gateway';
      expect(install!.code).toContain(fetched);
      await ended(paste(install!.code.replace(fetched, `npm install --prefer-offline --no-audit ${tarball}`), walk));
      // It has no flags, as its ports are free on the machine of who reads the page.
      const program = 'node examples/voice-agent/main.ts';
      expect(talk!.code).toContain(program);
      const onFreePorts = `${program} --port ${free[0]} --admin-port ${free[1]}`;
      const output = await ended(paste(onPorts(talk!.code, ports).replace(program, onFreePorts), walk));

      const spoken = output.split('\n').flatMap((line) => /^[\d:.]+ {2}\w+ {2}(.*)$/.exec(line)?.[1] ?? []);
      const interrupted = spoken.findIndex((event) => event.startsWith('agent was interrupted after'));
      expect(spoken.indexOf('agent answers'), output).toBeGreaterThanOrEqual(0);
      expect(interrupted, output).toBeGreaterThan(spoken.indexOf('agent answers'));
      expect(spoken.lastIndexOf('agent answers'), output).toBeGreaterThan(interrupted);
      expect(spoken).toContainEqual(expect.stringMatching(/^agent {3}answer \d+$/));
      expect(spoken).toContainEqual(expect.stringMatching(/^tool {4}opening_hours /));
      expect(spoken.at(-1)).toBe('the call has ended');

      const loudSamples = (folder: string, file: string) => {
        const [wav] = filesBelow(join(walk, folder), file).values();
        const { channels, samples } = decodeWav(wav!);
        return Array.from(
          { length: channels },
          (_, channel) => samples.filter((sample, at) => at % channels === channel && Math.abs(sample) > 1_000).length,
        );
      };
      // The caller and the agent, and the agent as the caller heard it: a second of each at least.
      const second = 16_000;
      const [caller, agent] = loudSamples('recordings', 'call.wav');
      expect(caller).toBeGreaterThan(second);
      expect(agent).toBeGreaterThan(second);
      expect(loudSamples('heard', 'heard.wav')[0]).toBeGreaterThan(second);
    }),
  );
});
