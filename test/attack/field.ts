/**
 * A gateway with calls in it and an attacker beside them: what the calls felt, and what became of the attacker. The attacker is
 * a process of its own, so that the calls keep their pace.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulationReport } from '../../src/simulator/report.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { residentBytes } from '../churn/process-facts.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import type { Attack } from './attacks.ts';
import type { Fate } from './peer.ts';
import { type Felt, feltBy, probeName, type Samples } from './probe.ts';
import { StealWatch } from './steal.ts';

/** Of calls that are spoken into all the time, and interrupted now and then. */
export interface Heard {
  readonly framesHeard: number;
  /** Silence within what was said, as the callers' simulator heard it. */
  readonly underruns: number;
  readonly stopAudios: number;
  /** From `clear()` to StopAudio in the socket: the bucket in which the 99th of 100 is, ms. */
  readonly clearP99Ms: number;
}

export interface Neighbours {
  /** Of their frames, from arrival to where a reader had them, as the reader saw it. */
  readonly residence: Felt;
  /** The same from when they were due at the sender: what the thread that reads sockets was late for is in there too. */
  readonly lateness: Felt;
  /** Frames that are in neither, because the hypervisor held the machine up meanwhile. */
  readonly framesLeftOut: number;
  /** How late the sender itself was. */
  readonly senderLateness: Felt;
  /** The gateway's own histogram of all frames, the attacker's too: the bucket in which the 99th of 100 is, ms. */
  readonly allResidenceP99Ms: number;
  /** The longest that the main thread was late for a timer, upper bound of its bucket, ms. */
  readonly mainLateMs: number;
  /** Frames sent and not in a ring. */
  readonly framesLost: number;
  readonly callsBroken: number;
  /** Null where nobody speaks to them. */
  readonly speech: Heard | null;
  /** The slowest answer of /healthz at each port, ms; null: one was never given. */
  readonly ingestHealthMs: number | null;
  readonly adminHealthMs: number | null;
  /** CPU of the main thread, of one core; and the share of the time that it had to wait for a core, for which nobody is to blame. */
  readonly mainThread: number;
  readonly mainStarved: number;
  /** The same of the thread that used most beside it: the decode worker, as a rule. */
  readonly worker: number;
  readonly workerStarved: number;
  readonly memoryMib: number;
}

export interface Outcome {
  readonly neighbours: Neighbours;
  readonly fate: Fate;
}

const token = 'secret';

/** What a thread has used, and how long it was ready to run and did not. */
interface ThreadTime {
  readonly cpuMs: number;
  readonly starvedMs: number;
}

function threadTimes(pid: number): Map<number, ThreadTime> {
  const times = new Map<number, ThreadTime>();
  for (const task of readdirSync(`/proc/${pid}/task`).map(Number)) {
    try {
      const [ranNs, waitedNs] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ').map(Number);
      times.set(task, { cpuMs: ranNs! / 1e6, starvedMs: waitedNs! / 1e6 });
    } catch {
      // It has ended.
    }
  }
  return times;
}

/** The shares of a core that a thread used and waited for since `before`. */
function shares(pid: number, before: ReadonlyMap<number, ThreadTime>, elapsedMs: number) {
  const share = (ms: number) => Math.round((100 * ms) / elapsedMs) / 100;
  const since = Array.from(threadTimes(pid), ([task, { cpuMs, starvedMs }]) => {
    const old = before.get(task) ?? { cpuMs: 0, starvedMs: 0 };
    return { task, used: share(cpuMs - old.cpuMs), waited: share(starvedMs - old.starvedMs) };
  });
  const main = since.find(({ task }) => task === pid)!;
  const busiest = since.filter((thread) => thread !== main).toSorted((a, b) => b.used - a.used)[0]!;
  return {
    mainThread: main.used,
    mainStarved: main.waited,
    worker: busiest.used,
    workerStarved: busiest.waited,
  };
}

/** Asks again and again; answers may come late, but each is waited for. */
function watchHealth(url: string): { stop(): Promise<number | null> } {
  let [slowestMs, isOver, isAnswered] = [0, false, true];
  const loop = (async () => {
    while (!isOver) {
      const startMs = performance.now();
      const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) }).catch(() => null);
      if (answer === null) isAnswered = false;
      else await answer.text();
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      await sleep(50);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await loop;
      return isAnswered ? Math.round(slowestMs) : null;
    },
  };
}

function bucketsOf(metrics: ReadonlyMap<string, number>, name: string): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [sample, value] of metrics) {
    if (!sample.startsWith(name)) continue;
    const bound = /le="([^"]+)"/.exec(sample)?.[1];
    if (bound !== undefined) found.set(bound === '+Inf' ? Number.POSITIVE_INFINITY : 1000 * Number(bound), value);
  }
  return found;
}

/** The smallest bound within which this share of the frames was. */
function quantile(counts: ReadonlyMap<number, number>, share: number): number {
  const wanted = share * counts.get(Number.POSITIVE_INFINITY)!;
  for (const [bound, count] of counts) if (count >= wanted) return bound;
  return Number.POSITIVE_INFINITY;
}

export function attacker(index: number, gateway: GatewayProcess, durationMs: number): Promise<Fate> {
  const file = new URL('./attacker.ts', import.meta.url).pathname;
  const args = [index, gateway.port, gateway.adminPort, durationMs].map(String);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: nodeOptions() },
  });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Fate);
      else reject(new Error(`the attacker ended with ${code}`));
    });
  });
}

/** What its probe has seen. */
async function samplesOf(gateway: GatewayProcess): Promise<readonly Samples[]> {
  const told = () => gateway.log.find(({ msg }) => msg === probeName);
  gateway.signal('SIGUSR2');
  for (let n = 0; told() === undefined && n < 100; n++) await sleep(50);
  return told()!['samples'] as readonly Samples[];
}

function heardOf({ heard }: SimulationReport, metrics: ReadonlyMap<string, number>): Heard {
  return {
    framesHeard: Math.round(heard.frames.heard),
    underruns: heard.underruns.count,
    stopAudios: heard.stopAudios,
    clearP99Ms: quantile(bucketsOf(metrics, 'playback_clear_seconds_bucket'), 0.99),
  };
}

export interface Size {
  readonly calls: number;
  readonly durationMs: number;
}

/** `index`: of the attack, for its process. */
export async function meet(attack: Attack, index: number, { calls, durationMs }: Size): Promise<Outcome> {
  const isSpokenTo = attack.isSpokenTo === true;
  const flags = [
    '--workers',
    '1',
    ...(attack.flags ?? []),
    ...(isSpokenTo ? ['--playback', 'on', '--playback-seconds', '2'] : []),
  ];
  const program = new URL('./probed-gateway.ts', import.meta.url).pathname;
  const gateway = await GatewayProcess.startWith({ openFiles: attack.openFiles ?? null, program }, ...flags);
  try {
    // Before the attack: code is compiled, and what the calls feel without it is not counted.
    const auth = attack.flags?.includes('--auth-token') === true ? { token } : {};
    await simulateCalls({ url: gateway.url, calls, participants: 1, durationMs: 1500, seed: 1, ...auth });
    const running = simulateCalls({
      url: gateway.url,
      calls,
      participants: 1,
      durationMs: durationMs + 2000,
      seed: 2,
      ...auth,
    });
    await sleep(1000);
    const watched = [gateway.port, gateway.adminPort].map((port) => watchHealth(`http://127.0.0.1:${port}/healthz`));
    const [startMs, fromMs, before] = [performance.now(), Date.now(), threadTimes(gateway.pid)];
    const steal = new StealWatch();
    const fate = await attacker(index, gateway, durationMs);
    const toMs = Date.now();
    const threads = shares(gateway.pid, before, performance.now() - startMs);
    const memoryMib = Math.round(residentBytes(gateway.pid) / 2 ** 20);
    const [ingestHealthMs, adminHealthMs] = await Promise.all(watched.map((each) => each.stop()));
    const report = await running;
    const own = new Set(report.perCall.map(({ callConnectionId }) => callConnectionId));
    const records = () =>
      gateway.log.filter(
        ({ msg, callConnectionId }) => msg === 'stream ended' && own.has(callConnectionId as string),
      ) as unknown as { committed: number }[];
    for (let n = 0; records().length < calls && n < 100; n++) await sleep(100);
    const committed = records().reduce((sum, record) => sum + record.committed, 0);
    const metrics = await gateway.metrics();
    steal.stop();
    const samples = (await samplesOf(gateway)).filter(({ callConnectionId }) => own.has(callConnectionId));
    const { residence, lateness, leftOut } = feltBy(samples, { fromMs, toMs }, steal.spans);
    return {
      neighbours: {
        residence,
        lateness,
        framesLeftOut: leftOut,
        senderLateness: { p99Ms: report.lateness.p99Ms, worstMs: report.lateness.maxMs },
        allResidenceP99Ms: quantile(bucketsOf(metrics, 'residence_seconds_bucket'), 0.99),
        mainLateMs: quantile(bucketsOf(metrics, 'eventloop_delay_seconds_bucket{thread="main"'), 1),
        framesLost: report.expected.frames - committed,
        callsBroken: report.calls.dialled - report.calls.completed,
        speech: isSpokenTo ? heardOf(report, metrics) : null,
        ingestHealthMs: ingestHealthMs ?? null,
        adminHealthMs: adminHealthMs ?? null,
        ...threads,
        memoryMib,
      },
      fate,
    };
  } finally {
    await gateway.kill();
  }
}
