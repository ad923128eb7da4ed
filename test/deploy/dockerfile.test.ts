/**
 * deploy/Dockerfile and .dockerignore: what can be seen without building the image. `npm run container` builds and runs it.
 * Each check is tried with a fault that it must find.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dockerfileProblems, healthCommand } from '../container/dockerfile.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

const root = resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
const ignoreFile = readFileSync(join(root, '.dockerignore'), 'utf8');

test('the Dockerfile is in order, and fits the code', () => {
  expect(dockerfileProblems(dockerfile, ignoreFile)).toEqual([]);
});

const faults: [fault: string, from: string, to: string, problem: string][] = [
  ['root', 'USER 10001:10001', 'USER 0:0', 'USER is not a number above 0'],
  ['a user by name, which Kubernetes cannot judge', 'USER 10001:10001', 'USER node', 'USER is not a number above 0'],
  ['no user at all', 'USER 10001:10001\n', '', 'USER is not a number above 0'],
  ['a shell around the gateway', '["node", "dist/main.js"]', 'node dist/main.js', 'ENTRYPOINT is not in exec form'],
  ['another file', '"dist/main.js"]', '"dist/index.js"]', "not with the package's command"],
  ['a compiler in the result', 'RUN install -d', 'RUN apt-get install -y g++ && install -d', 'the result runs apt-get'],
  ['Alpine', 'debian:bookworm-slim', 'alpine:3.20', 'has no glibc'],
  ['two Debian releases', 'debian:bookworm-slim', 'debian:trixie-slim', 'different Debian releases'],
  ['another Node.js', 'node:22-bookworm-slim', 'node:24-bookworm-slim', 'no stage has Node.js 22'],
  ['an image without a tag', 'RUNTIME_IMAGE=debian:bookworm-slim', 'RUNTIME_IMAGE=debian', 'has no tag'],
  ['a port that nobody listens to', 'EXPOSE 8080', 'EXPOSE 8081', 'EXPOSE 8081 9464'],
  ['another signal', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGQUIT', 'STOPSIGNAL is not SIGTERM'],
  [
    'a file that is not there',
    'COPY package.json LICENSE',
    'COPY package.json LICENCE',
    'COPY LICENCE: not in the rep',
  ],
  [
    'a file that is kept out',
    'COPY package.json LICENSE',
    'COPY package.json biome.json',
    '.dockerignore keeps it out',
  ],
  ['a stage that is not there', '--from=dependencies', '--from=deps', 'COPY --from=deps: no such stage'],
  ['a setting that is none', 'ACS_GATEWAY_HOST', 'ACS_GATEWAY_ADDRESS', 'unknown environment variable'],
  ['a gateway that is open', 'NODE_ENV', 'ACS_GATEWAY_ALLOW_ANONYMOUS=true NODE_ENV', 'opens the gateway to everybody'],
  ['a port on loopback', 'ADMIN_HOST=0.0.0.0', 'ADMIN_HOST=127.0.0.1', 'ENV leaves a port on loopback'],
  ['a licence that is not ours', 'licenses="MIT"', 'licenses="ISC"', 'the label licenses is not MIT'],
  ['a version that was not given', `version="$\{VERSION}"`, 'version="1.0.0"', 'the label version is not'],
  ['no health check', 'HEALTHCHECK', 'LABEL health=', 'there is no HEALTHCHECK'],
];

test.each(faults)('finds %s', (_, from, to, problem) => {
  expect(dockerfile).toContain(from);
  expect(dockerfileProblems(dockerfile.replaceAll(from, to), ignoreFile).join('\n')).toContain(problem);
});

test('finds what .dockerignore lets in for nothing', () => {
  expect(dockerfileProblems(dockerfile, `${ignoreFile}!recordings\n`)).toEqual([
    '.dockerignore lets recordings in, and nothing copies it',
  ]);
});

async function checkHealth(adminPort: number): Promise<number | null> {
  const [, ...args] = healthCommand(dockerfile);
  const env = { ...process.env, ACS_GATEWAY_ADMIN_PORT: String(adminPort) };
  const [code] = await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'close');
  return code as number | null;
}

test('the health check says 0 while a gateway works and drains, and 1 when it hangs or is gone', async () => {
  const gateway = await GatewayProcess.start();
  onTestFinished(() => gateway.kill());
  expect(await checkHealth(gateway.adminPort)).toBe(0);
  gateway.signal('SIGSTOP');
  expect(await checkHealth(gateway.adminPort)).toBe(1);
  gateway.signal('SIGCONT');
  await gateway.drain();
  expect(await checkHealth(gateway.adminPort)).toBe(1);
});
