/** `npm run container`: the image and the compose file, for real. */

import { readToolFlags } from '../support/tool-flags.ts';
import { checkCompose } from './compose.ts';
import { ContainerEngine, containersMissing } from './engine.ts';
import { checkImage, checkRefusals } from './image.ts';
import { buildBases, buildGateway } from './images.ts';
import { Results } from './results.ts';
import { checkDrain, checkMemory, checkStart } from './running.ts';

const parts = ['image', 'refusals', 'start', 'drain', 'memory', 'compose'] as const;

/** All of it; whatever hangs is ended with it. */
const runMsMax = 600_000;

const usage = `Usage: npm run container -- [--only ${parts.join(',')}]

Builds deploy/Dockerfile for real, runs the image, and starts deploy/compose.yaml as far as this machine has the programs. Wants
root, buildah, podman, runc, catatonit, debootstrap and iproute2; four minutes. Debian is kept for the next run, in
ACS_DEBIAN_CACHE or the temporary folder. Ends with 1 if anything was not as it should be, with 2 if it cannot be tried here.
`;
const { values } = readToolFlags(usage, { only: parts.join(',') });
const wanted = parts.filter((part) => values.only.split(',').includes(part));

const missing = containersMissing();
if (missing !== null) {
  console.error(`containers cannot be run here: ${missing}`);
  process.exit(2);
}

const engine = new ContainerEngine();
const results = new Results();
const timer = setTimeout(() => finish(new Error(`not done after ${runMsMax / 1000} s`)), runMsMax);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => finish(new Error(signal)));

let isFinishing = false;
async function finish(error: unknown): Promise<void> {
  if (isFinishing) return;
  isFinishing = true;
  clearTimeout(timer);
  if (error !== null) console.error(error instanceof Error ? error.message : error);
  await engine.close();
  const isOk = error === null && results.failureCount === 0;
  const verdict = error === null ? `${results.failureCount} checks failed.` : 'Ended before its time.';
  console.log(`\n${isOk ? 'All as it should be.' : verdict}`);
  process.exit(isOk ? 0 : 1);
}

async function run(): Promise<void> {
  const started = Date.now();
  buildBases(engine);
  const based = Date.now();
  buildGateway(engine);
  results.section('The build');
  results.note('stand-ins for the public images', `${((based - started) / 1000).toFixed(0)} s`);
  results.note('deploy/Dockerfile, nothing cached', `${((Date.now() - based) / 1000).toFixed(0)} s`);
  if (wanted.includes('image')) checkImage(engine, results);
  if (wanted.includes('refusals')) checkRefusals(engine, results);
  if (wanted.includes('start')) await checkStart(engine, results);
  if (wanted.includes('drain')) await checkDrain(engine, results);
  if (wanted.includes('memory')) await checkMemory(engine, results);
  if (wanted.includes('compose')) await checkCompose(engine, results);
}

run().then(
  () => finish(null),
  (error: unknown) => finish(error),
);
