/** What is in the image, and what is not; and that it refuses to run open or wrongly configured. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ContainerEngine } from './engine.ts';
import { gatewayFlags, oneShot } from './gateway.ts';
import { buildArguments, gatewayImage } from './images.ts';
import { mebibytes, megabytes, type Results } from './results.ts';

/** Programs that build, install or fetch something, and would serve an intruder. */
const needless = ['npm', 'npx', 'corepack', 'yarn', 'gcc', 'g++', 'cc', 'make', 'python3', 'curl', 'wget', 'git'];

const root = resolve(import.meta.dirname, '../..');

interface Package {
  readonly name: string;
  readonly license: string;
  readonly homepage: string;
}

interface Sbom {
  readonly bomFormat: string;
  readonly components: readonly { readonly name: string }[];
}

interface ImageConfig {
  readonly User: string;
  readonly StopSignal: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
}

export function checkImage(engine: ContainerEngine, results: Results): void {
  results.section('The image');
  const bytes = engine.imageBytes(gatewayImage);
  const base = engine.imageBytes('docker.io/library/debian:bookworm-slim');
  results.note('size, uncompressed', `${megabytes(bytes)}, of it ${megabytes(base)} Debian`);

  const shell = (script: string) => oneShot(engine, ['--entrypoint', 'sh'], ['-c', script]);
  const sizes = shell('du -sk /usr/local/bin/node /app/node_modules /app/dist').stdout;
  for (const [, kib, path] of sizes.matchAll(/^(\d+)\s+(\S+)$/gm)) results.note(path!, mebibytes(Number(kib) * 1024));

  const config = JSON.parse(engine.podman('image', 'inspect', '--format', '{{json .Config}}', gatewayImage).stdout);
  const { User, ExposedPorts, Labels } = config as ImageConfig;
  results.check('user', User === '10001:10001', User);
  results.check('ports', Object.keys(ExposedPorts).join() === '8080/tcp,9464/tcp', Object.keys(ExposedPorts).join(' '));
  const { name, license, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Package;
  const truth = {
    title: name,
    licenses: license,
    source: homepage,
    version: buildArguments.VERSION,
    revision: buildArguments.REVISION,
  };
  const untrue = Object.entries(truth).filter(([key, value]) => Labels[`org.opencontainers.image.${key}`] !== value);
  const labels = untrue.length === 0 ? Object.keys(truth) : untrue.map(([key]) => `${key} is wrong`);
  results.check('labels that are true', untrue.length === 0, labels.join(', '));

  const found = shell(`for t in ${needless.join(' ')}; do command -v $t; done; true`).stdout.trim();
  results.check('no compiler, no npm, nothing that fetches', found === '', found || 'none');
  const modules = shell('ls /app/node_modules /app/node_modules/uWebSockets.js/dist/bin').stdout.split('\n');
  const development = ['node', 'typescript', 'vitest', 'simdjson'].filter((name) => modules.includes(name));
  results.check('no development dependency, no simdjson', development.length === 0, development.join(' ') || 'none');
  const binaries = modules.filter((name) => name.endsWith('.node'));
  results.check('one binary of uWebSockets.js', binaries.length === 1, binaries.join(' '));
  const { bomFormat, components } = JSON.parse(shell('cat /app/sbom.cdx.json').stdout) as Sbom;
  const listed = new Set(components.map((component) => component.name));
  const unlisted = modules.filter((name) => /^[a-z][\w-]+$/.test(name) && !listed.has(name));
  results.check(
    'a list of what is in node_modules (SBOM)',
    bomFormat === 'CycloneDX' && listed.has('piscina') && unlisted.length === 0 && !listed.has('vitest'),
    unlisted.length === 0 ? `${components.length} components` : `not listed: ${unlisted.join(' ')}`,
  );
  const files = shell('ls -A /app').stdout.trim().split('\n').join(' ');
  results.check(
    'nothing else of the repository',
    files === 'LICENSE dist node_modules package.json sbom.cdx.json',
    files,
  );
}

export function checkRefusals(engine: ContainerEngine, results: Results): void {
  results.section('What it refuses');
  const open = oneShot(engine, [], []);
  const said = open.stderr.split('\n').find((line) => line.includes('--allow-anonymous'));
  results.check('to be open without being told so', open.code === 2 && said !== undefined, `exit code ${open.code}`);

  const wrong = oneShot(engine, gatewayFlags({ ACS_GATEWAY_MAX_STREAMS: 'many', ACS_GATEWAY_COLOUR: 'blue' }), []);
  const named = ['ACS_GATEWAY_MAX_STREAMS', 'ACS_GATEWAY_COLOUR'].filter((name) => wrong.stderr.includes(name));
  results.check(
    'settings that are wrong, each by its name',
    wrong.code === 2 && named.length === 2,
    `exit code ${wrong.code}, ${named.length} of 2 named`,
  );

  const simdjson = oneShot(engine, gatewayFlags({ ACS_GATEWAY_DECODER: 'simdjson' }), []);
  const remedy = simdjson.stderr.includes('choose --decoder scan');
  results.check('the decoder that is not in it', simdjson.code !== 0 && remedy, `exit code ${simdjson.code}`);

  const doctor = oneShot(engine, ['--memory', '256m', ...gatewayFlags({})], ['doctor']);
  const memory = doctor.stdout.split('\n').find((line) => line.includes('shared memory')) ?? '';
  results.check(
    'doctor sees that 1024 MiB of rings are not in 256 MiB',
    doctor.code === 1 && memory.startsWith('FAIL'),
    memory.slice(7),
  );
  const fitting = oneShot(
    engine,
    ['--memory', '256m', ...gatewayFlags({ ACS_GATEWAY_RING_MEMORY_MB: '64' })],
    ['doctor'],
  );
  results.check('and that 64 MiB are', fitting.code === 0, fitting.stdout.trim().split('\n').at(-1)!);
}
