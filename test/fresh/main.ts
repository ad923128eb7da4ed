/** `npm run fresh`: the README's promise on a machine that has nothing but Node.js and npm. */
import { Results } from '../container/results.ts';
import { readToolFlags } from '../support/tool-flags.ts';
import { closingOf } from './closing-line.ts';
import { FreshMachine, freshMachineMissing, type Run } from './machine.ts';
import { freshCloneCommands } from './readme.ts';

/** Of one command, its installation included. */
const commandMsMax = 900_000;
const shortMsMax = 30_000;
/** How much of a command's output is shown if it has failed. */
const tailLines = 200;
/** What a fresh machine does not have, and a promise must not lean on. */
const needless = ['gcc', 'cc', 'g++', 'make', 'python3', 'git', 'curl', 'openssl', 'haproxy', 'nginx', 'nats-server'];

const usage = `Usage: npm run fresh -- [--node 20] [--npm 10] [--only start,test]

Makes a bare Debian root, clones this repository's HEAD without its history into it, and runs the README's two commands there as a
user without rights. Wants root, debootstrap and namespaces; where they are missing it says so and ends with 0, with 1 if
ACS_TEST_REQUIRE=all.
`;
const { values } = readToolFlags(usage, { node: '20', npm: '10', only: 'start,test' });
const wanted = values.only.split(',');

const missing = freshMachineMissing();
if (missing !== null) {
  const isRequired = process.env['ACS_TEST_REQUIRE'] === 'all';
  console.log(`${isRequired ? 'FAILED' : 'skipped'}: no fresh machine can be made here, missing: ${missing}`);
  process.exit(isRequired ? 1 : 0);
}

const results = new Results();
const machine = new FreshMachine();

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

/** How a command ended; its last lines, if that is not as it should be. */
function ended(name: string, run: Run, isOk: boolean, seen: string): void {
  results.check(name, isOk, run.isTimeUp ? `not done after ${seconds(run.ms)}` : `${seen}, ${seconds(run.ms)}`);
  if (isOk) return;
  const lines = run.output.trimEnd().split('\n').slice(-tailLines);
  console.log(lines.map((line) => `    | ${line}`).join('\n'));
}

async function checkMachine(): Promise<void> {
  const line = `. /etc/os-release; echo "$PRETTY_NAME, Node.js $(node --version), npm $(npm --version), user $(id -u)"; for t in ${needless.join(' ')}; do command -v $t; done; true`;
  const { output } = await machine.run(line, shortMsMax);
  const [facts = '', ...found] = output.trim().split('\n');
  results.check('a bare machine', facts.includes(`Node.js v${values.node}.`) && !facts.endsWith('user 0'), facts);
  results.check('without compiler, git and servers', found.length === 0, found.join(' ') || 'none');
  const commits = machine.commits.split('\n');
  results.check('a clone without history', commits.length === 1, commits[0]!);
  if (machine.uncommitted > 0) results.note('not in it', `${machine.uncommitted} files that are not committed`);
}

/** Warnings of npm: a page of them although all is well makes a newcomer doubt. */
function checkInstallation({ output }: Run): void {
  const installation = output.split(/^added \d+ packages/m)[0]!;
  const warnings = installation.split('\n').filter((text) => /^npm (warn|error)/i.test(text));
  results.check('npm ci says nothing that worries', warnings.length === 0, warnings[0] ?? 'no warning');
}

async function checkStart(command: string): Promise<void> {
  results.section(`$ ${command}`);
  let ready = 'no answer';
  let isAsked = false;
  const run = await machine.run(command, commandMsMax, (output, interrupt) => {
    const listening = /^\{.*"msg":"listening".*\}$/m.exec(output)?.[0];
    if (listening === undefined || isAsked) return;
    isAsked = true;
    const { adminPort } = JSON.parse(listening) as { adminPort: number };
    fetch(`http://127.0.0.1:${adminPort}/readyz`)
      .then(async (answer) => {
        ready = await answer.text();
      })
      .catch((error: unknown) => {
        ready = String(error);
      })
      .finally(interrupt);
  });
  checkInstallation(run);
  results.check('the gateway is ready', ready === '{"status":"ready"}', ready);
  const account = /^\{.*"msg":"drained".*"unaccounted":0\}$/m.test(run.output);
  ended('Ctrl-C drains it', run, account, `exit code ${run.code}`);
}

async function checkTest(command: string): Promise<void> {
  results.section(`$ ${command}`);
  const run = await machine.run(command, commandMsMax);
  checkInstallation(run);
  const closing = closingOf(run.output);
  for (const line of closing?.skips ?? []) console.log(`          ${line}`);
  const isOk = run.code === 0 && closing !== null && closing.passed > 0 && closing.failed === 0;
  const counts =
    closing === null
      ? 'no test has run'
      : `${closing.passed} passed, ${closing.failed} failed, ${closing.skipped} skipped`;
  ended('all tests pass or are skipped', run, isOk, `exit code ${run.code}, ${counts}`);
}

async function check(): Promise<void> {
  const started = performance.now();
  results.section('The machine');
  machine.make(values);
  await checkMachine();
  results.note('made in', seconds(performance.now() - started));
  const commands = freshCloneCommands(machine.readme());
  if (wanted.includes('start')) await checkStart(commands.start);
  if (wanted.includes('test')) await checkTest(commands.test);
}

let isFinishing = false;
async function finish(error: unknown): Promise<void> {
  if (isFinishing) return;
  isFinishing = true;
  if (error !== null) console.error(error instanceof Error ? error.message : error);
  await machine.remove();
  const isOk = error === null && results.failureCount === 0;
  console.log(`\n${isOk ? 'All as it should be.' : 'The promise of the README is not kept.'}`);
  process.exit(isOk ? 0 : 1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => finish(new Error(signal)));
check().then(
  () => finish(null),
  (error: unknown) => finish(error),
);
