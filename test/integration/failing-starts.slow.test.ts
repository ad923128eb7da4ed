/** A start that fails, at each of its steps and with whatever was started before: the code as documented, soon, and nothing left. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { FairClock } from '../support/fair-clock.ts';
import { temporaryFolder } from '../support/folders.ts';
import { entry } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';

const counting = new URL('../module/counting-sink.ts', import.meta.url).pathname;
let taken: Server;
let takenPort = 0;

beforeAll(async () => {
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  takenPort = (taken.address() as { port: number }).port;
});
afterAll(() => {
  taken.close();
});

/** Settings that let a step fail, and the code that is documented for it. */
interface Fault {
  readonly step: string;
  readonly code: string;
  readonly exitCode: number;
  readonly settings: (folder: string) => Record<string, string | string[] | number>;
}

const faults: readonly Fault[] = [
  {
    step: 'the certificate',
    code: 'bad_settings',
    exitCode: 2,
    settings: () => ({ tlsCert: '/nope', tlsKey: '/nope' }),
  },
  {
    step: 'the folder of a sink',
    code: 'sink_failed',
    exitCode: 5,
    settings: (folder) => ({ sink: [`wav:${join(folder, 'file', 'below')}`] }),
  },
  {
    step: 'the module of a sink',
    code: 'sink_failed',
    exitCode: 5,
    settings: () => ({ sink: [`module:${counting}?start=throws`] }),
  },
  {
    step: 'the file of the capture',
    code: 'capture_failed',
    exitCode: 9,
    settings: (folder) => ({ capture: join(folder, 'file', 'calls.acscap') }),
  },
  { step: 'the admin port', code: 'listen_failed', exitCode: 3, settings: () => ({ adminPort: takenPort }) },
  { step: 'the port', code: 'listen_failed', exitCode: 3, settings: () => ({ port: takenPort }) },
];

/** What else is started: nothing, files, a user's module, a server that is away, all of them; with a capture and without. */
const companies = [[], ['wav'], ['module'], ['nats'], ['wav', 'module', 'nats']].flatMap((sinks) => [
  { sinks, capture: false },
  { sinks, capture: true },
]);

function settingsOf(fault: Fault, { sinks, capture }: (typeof companies)[number]): Record<string, unknown> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  const texts: Record<string, string> = {
    wav: `wav:${join(folder, 'recorded')}`,
    module: `module:${counting}?name=counting`,
    nats: 'nats://127.0.0.1:1',
  };
  const own = fault.settings(folder);
  const sink = [...sinks.map((kind) => texts[kind]!), ...((own['sink'] as string[] | undefined) ?? [])];
  return {
    port: 0,
    adminPort: 0,
    workers: 1,
    ...(capture && { capture: join(folder, 'calls.acscap') }),
    ...own,
    sink,
  };
}

function flagsOf(settings: Record<string, unknown>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [value].flat().flatMap((each) => [flag, String(each)]);
  });
}

describe.each(faults)('a start that fails at $step', (fault) => {
  test(
    `ends the process with ${fault.exitCode} and says why, whatever was started before`,
    judgingTimes(async () => {
      // All of them at each step are tried in one process below.
      const some = companies.filter((_, index) => index === 9 || index === faults.indexOf(fault));
      for (const company of some) {
        const what = JSON.stringify(company);
        const args = ['--disable-warning=ExperimentalWarning', entry, ...flagsOf(settingsOf(fault, company))];
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        onTestFinished(() => {
          child.kill('SIGKILL');
        });
        const exited = once(child, 'exit');
        let [stderr, clock] = ['', null as FairClock | null];
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
          clock ??= new FairClock();
        });
        const [code] = (await exited) as [number | null];
        expect(code, what).toBe(fault.exitCode);
        expect(stderr, what).toMatch(/^acs-audio-gateway: /m);
        expect(clock!.stop(), what).toBeLessThan(2000);
      }
    }),
  );
});

test(
  'in a program of a user it leaves no thread, timer or port: the program ends by itself',
  judgingTimes(async () => {
    const all = faults.flatMap((fault) =>
      companies.map((company) => ({ fault, settings: settingsOf(fault, company) })),
    );
    // Half of them, a different half for each fault.
    const some = all.filter((_, index) => (index + Math.floor(index / companies.length)) % 2 === 0);
    const starts = some.map(({ settings }) => ({ ...settings, logLevel: 'silent' }));
    const program = new URL('../library/failing-starts.ts', import.meta.url).pathname;
    const run = promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      program,
      JSON.stringify(starts),
    ]);
    onTestFinished(() => {
      run.child.kill('SIGKILL');
    });
    let clock: FairClock | null = null;
    run.child.stdout!.on('data', () => {
      clock ??= new FairClock();
    });
    const { stdout } = await run;
    const { codes, resources } = JSON.parse(stdout) as { codes: string[]; resources: string[] };
    expect(codes).toEqual(some.map(({ fault }) => fault.code));
    expect(resources.filter((name) => !/Pipe|TTY|FSReq/.test(name))).toEqual([]);
    expect(clock!.stop()).toBeLessThan(2000);
  }),
);
