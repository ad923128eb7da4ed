/**
 * Global set-up of all tests: the product as npm ships it, which the gateways and simulators of tests run. It starts in half the CPU
 * time that the TypeScript sources take. Built again only when these have changed: its folder is named by what it was made of.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

const root = resolve(import.meta.dirname, '../..');
// Here, because the product looks for its libraries from where it lies.
const builds = join(root, 'node_modules/.cache/acs-audio-gateway');
const keptForMs = 24 * 3_600_000;

function fingerprint(): string {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).sort();
  const files = sources.filter((name) => name.endsWith('.ts')).map((name) => join('src', name));
  const page = readdirSync(join(root, 'console/src'), { recursive: true, encoding: 'utf8' }).sort();
  files.push(...page.filter((name) => /\.\w+$/.test(name)).map((name) => join('console/src', name)));
  files.push('console/index.html', 'console/vite.config.ts');
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json', ...files])
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}

/** The same JavaScript as `npm run build`. That the types are right is for `npm run check` to say. */
function buildIn(folder: string): void {
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const only = ['--outDir', join(folder, 'dist'), '--noCheck', '--declaration', 'false', '--sourceMap', 'false'];
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', ...only], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the product cannot be built: ${stdout}`);
  const bundler = join(root, 'node_modules/vite/bin/vite.js');
  const bundling = [
    'build',
    '--config',
    join(root, 'console/vite.config.ts'),
    '--outDir',
    join(folder, 'dist/console'),
  ];
  const bundled = spawnSync(process.execPath, [bundler, ...bundling], { encoding: 'utf8' });
  if (bundled.status !== 0) throw new Error(`the console's page cannot be built: ${bundled.stderr}`);
}

function removeOld(): void {
  for (const name of readdirSync(builds)) {
    const folder = join(builds, name);
    if (statSync(folder).mtimeMs < Date.now() - keptForMs) rmSync(folder, { recursive: true, force: true });
  }
}

/** The entry of what the sources make now. */
function builtProduct(): string {
  const folder = join(builds, fingerprint());
  if (!existsSync(folder)) {
    mkdirSync(builds, { recursive: true });
    const workshop = mkdtempSync(join(builds, 'unfinished-'));
    buildIn(workshop);
    try {
      renameSync(workshop, folder);
    } catch {
      // Another run was quicker.
      rmSync(workshop, { recursive: true });
    }
    removeOld();
  }
  return join(folder, 'dist/main.js');
}

export default function setUp(project: TestProject): void {
  const build = () => {
    const entry = builtProduct();
    process.env['ACS_TEST_ENTRY'] = entry;
    // What V8 compiled stays for the next of the hundreds of processes that tests start.
    process.env['NODE_COMPILE_CACHE'] ??= join(entry, '../compiled');
    // And what was stripped of its types (stripped-types.mjs).
    process.env['ACS_TEST_STRIPPED'] ??= join(entry, '../stripped');
    mkdirSync(process.env['ACS_TEST_STRIPPED'], { recursive: true });
  };
  build();
  project.onTestsRerun(build);
}
