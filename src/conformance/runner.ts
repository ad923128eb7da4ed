/**
 * Runs scenarios against a server one by one, each with a timeout, with another call beside it and a fresh call after it, so that
 * a scenario that kills the server is named. Main thread. Invariant: whatever the server does is reported; only bad
 * options and our own faults throw.
 */
import { shownUrl } from '../simulator/address.ts';
import { Ended, type Finding, type Verdict } from './finding.ts';
import { callHeaders, identities, Kit, type KitOptions } from './kit.ts';
import { type Disturbance, Neighbour } from './neighbour.ts';
import { type CheckReport, resultOf, type ScenarioResult } from './report.ts';
import type { Scenario } from './scenario.ts';
import { type Target, targetOf } from './target.ts';
import { defaultTiming, rest, scenarioLimitMs, type Timing } from './timing.ts';

export interface CheckOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | null;
  readonly insecure?: boolean;
  readonly scenarios: readonly Scenario[];
  readonly timing?: Partial<Timing>;
}

export interface CheckHooks {
  readonly stopped?: AbortSignal;
  readonly onResult?: (result: ScenarioResult) => void;
}

/** Preconditions: is the server there, does it accept a call, does it answer pings? */
async function firstContact(options: KitOptions): Promise<{ unreachable: string | null; answersPings: boolean }> {
  const kit = new Kit(options);
  try {
    const answer = await kit.dial({ callHeaders: callHeaders(options.nextIdentity()) });
    if (answer.link === null) return { unreachable: `the server ${answer.seen}`, answersPings: false };
    return { unreachable: null, answersPings: (await answer.link.ping(options.timing.patienceMs)) !== null };
  } finally {
    kit.end();
  }
}

/** Null if a fresh call works, else what is wrong. Retries for a while: a supervisor may be restarting the server. */
async function nextCall(options: KitOptions): Promise<{ readonly seen: string; readonly isGone: boolean } | null> {
  const startMs = performance.now();
  let problem = '';
  for (let attempt = 0; ; attempt++) {
    const kit = new Kit(options);
    try {
      const call = await kit.call({}, 'the next call');
      call.speak(3);
      await kit.assertAlive(call.link, 'three frames of the next call');
      await kit.hangUp(call);
      if (attempt === 0) return null;
      const tookMs = Math.round(performance.now() - startMs);
      return { isGone: false, seen: `${problem}; it took ${tookMs} ms until a call was possible again` };
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      problem = error.finding.seen;
    } finally {
      kit.end();
    }
    if (performance.now() - startMs > options.timing.patienceMs) return { isGone: true, seen: problem };
    await rest(50);
  }
}

async function runOne(scenario: Scenario, kit: Kit, stopped: AbortSignal | undefined): Promise<Finding[]> {
  const limitMs = scenarioLimitMs(kit.timing) + (scenario.takesMs ?? 0);
  let release = () => {};
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Ended('fail', `not finished within ${limitMs} ms`)), limitMs);
    const stop = () => reject(new Ended('not applicable', 'stopped'));
    stopped?.addEventListener('abort', stop, { once: true });
    release = () => {
      clearTimeout(timer);
      stopped?.removeEventListener('abort', stop);
    };
  });
  const run = scenario.run(kit);
  // After the limit the scenario's own result no longer matters.
  run.catch(() => {});
  try {
    await Promise.race([run, limit]);
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    kit.findings.push(error.finding);
  } finally {
    release();
    kit.end();
  }
  return [...kit.findings, ...kit.sightings()];
}

function disturbanceFindings(scenario: Scenario, { ending, heldUpMs }: Disturbance, lateMs: number): Finding[] {
  if (ending !== null) return [{ verdict: 'fail', seen: `another call was cut off meanwhile: the server ${ending}` }];
  const seen = `another call had to wait for ${Math.round(heldUpMs)} ms meanwhile`;
  if (scenario.isBeside !== true || heldUpMs <= lateMs / 4) return [];
  return [{ verdict: heldUpMs > lateMs ? 'fail' : 'warn', seen }];
}

class Run {
  private readonly options: CheckOptions;
  private readonly hooks: CheckHooks;
  private readonly target: Target;
  private readonly timing: Timing;
  private readonly startMs = performance.now();
  private readonly results: ScenarioResult[] = [];
  private incomplete: string | null = null;

  constructor(options: CheckOptions, hooks: CheckHooks) {
    this.options = options;
    this.hooks = hooks;
    this.target = targetOf(options);
    this.timing = { ...defaultTiming, ...options.timing };
  }

  async run(): Promise<CheckReport> {
    const base = { target: this.target, timing: this.timing, nextIdentity: identities(), voice: { found: null } };
    const { unreachable, answersPings } = await firstContact({ ...base, facts: { answersPings: true } });
    if (unreachable === null) await this.all({ ...base, facts: { answersPings } });
    return this.report(unreachable);
  }

  private async all(options: KitOptions): Promise<void> {
    let neighbour = await Neighbour.start(options);
    for (const scenario of this.options.scenarios) {
      this.incomplete ??= this.reasonToStop();
      if (this.incomplete !== null) {
        this.add(resultOf(scenario, [], null));
        continue;
      }
      const startMs = performance.now();
      if (neighbour instanceof Neighbour) neighbour.take();
      const findings = await runOne(scenario, new Kit(options), this.hooks.stopped);
      const next = this.hooks.stopped?.aborted === true ? null : await nextCall(options);
      // Only now: if the server died, the other call notices a moment later.
      const disturbance = neighbour instanceof Neighbour ? neighbour.take() : null;
      if (disturbance !== null) findings.push(...disturbanceFindings(scenario, disturbance, this.timing.lateMs));
      else if (scenario.isBeside === true) findings.push(neighbour as Finding);
      if (next !== null) findings.push({ verdict: 'fail', seen: next.seen });
      if (next?.isGone === true) this.incomplete = `the server is gone since ${scenario.name}`;
      this.add(resultOf(scenario, findings, performance.now() - startMs));
      if (disturbance !== null && disturbance.ending !== null && this.incomplete === null) {
        (neighbour as Neighbour).stop();
        neighbour = await Neighbour.start(options);
      }
    }
    if (neighbour instanceof Neighbour) neighbour.stop();
  }

  private reasonToStop(): string | null {
    if (this.hooks.stopped?.aborted === true) return 'stopped';
    return performance.now() - this.startMs > this.timing.totalMs ? 'out of time' : null;
  }

  private add(result: ScenarioResult): void {
    this.results.push(result);
    this.hooks.onResult?.(result);
  }

  private report(unreachable: string | null): CheckReport {
    const counts: Record<Verdict, number> = { pass: 0, warn: 0, fail: 0, 'not applicable': 0 };
    for (const { verdict } of this.results) counts[verdict]++;
    const { patienceMs, watchMs, lateMs } = this.timing;
    const interrupted = this.hooks.stopped?.aborted === true;
    return {
      reportVersion: 1,
      ok: unreachable === null && counts.fail === 0 && this.incomplete === null && !interrupted,
      interrupted,
      unreachable,
      incomplete: this.incomplete,
      settings: {
        url: shownUrl(this.options.url),
        headers: Object.keys(this.options.headers ?? {}),
        hasToken: (this.options.token ?? null) !== null,
        insecure: this.target.insecure,
        patienceMs,
        watchMs,
        lateMs,
      },
      durationMs: Math.round(performance.now() - this.startMs),
      counts,
      scenarios: this.results,
    };
  }
}

export function checkServer(options: CheckOptions, hooks: CheckHooks = {}): Promise<CheckReport> {
  return new Run(options, hooks).run();
}
