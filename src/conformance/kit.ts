/**
 * A scenario's means: calls to the server under test, and checks from outside. Main thread. Invariant: every wait is bounded,
 * and `end` leaves no socket open.
 */
import type { SampleRate } from '../base/limits.ts';
import { type CallIdentity, callIdentity } from '../simulator/identity.ts';
import { Call } from './call.ts';
import { type Answer, type DialOptions, dial } from './dial.ts';
import { Ended, type Finding } from './finding.ts';
import type { Link } from './link.ts';
import { brokenAudio } from './outbound.ts';
import type { Target } from './target.ts';
import { graceMs, rest, type Timing } from './timing.ts';

/** How the server takes part in a conversation. */
export interface Voice {
  readonly speaks: boolean;
  /** It echoes what it hears: there is no answer to interrupt. */
  readonly echoes: boolean;
  /** It sends StopAudio when it is interrupted. */
  readonly stops: boolean;
  /** It answers again when spoken to again. */
  readonly answers: boolean;
}

/** Shared by a run: determined once, by the first scenario that asks (voice.ts). */
export interface VoiceMemo {
  found: Voice | null;
}

/** What is known of the server before the first scenario. */
export interface Facts {
  /** If not, it is only observed. */
  readonly answersPings: boolean;
}

export interface KitOptions {
  readonly target: Target;
  readonly timing: Timing;
  readonly facts: Facts;
  /** Ids never used before. */
  readonly nextIdentity: () => CallIdentity;
  readonly voice: VoiceMemo;
}

export interface CallOptions {
  readonly sampleRate?: SampleRate;
  readonly participants?: readonly (string | null)[];
  readonly identity?: CallIdentity;
  /** Without, the scenario sends it itself. */
  readonly withMetadata?: boolean;
}

/** Ids of simultaneous runs must differ, or a server takes one for the other's reconnect. */
export function identities(): () => CallIdentity {
  const seed = Math.floor(Math.random() * 2 ** 32);
  let calls = 0;
  return () => callIdentity(seed, calls++);
}

export function callHeaders(identity: CallIdentity): Record<string, string> {
  return {
    'x-ms-call-connection-id': identity.callConnectionId,
    'x-ms-call-correlation-id': identity.correlationId,
  };
}

export class Kit {
  readonly findings: Finding[] = [];
  readonly links: Link[] = [];
  readonly timing: Timing;
  readonly target: Target;
  readonly facts: Facts;
  readonly nextIdentity: () => CallIdentity;
  /** What is known of the server's voice, once a scenario has asked. */
  readonly voice: VoiceMemo;
  private readonly ends: (() => void)[] = [];
  private isOver = false;

  constructor(options: KitOptions) {
    this.target = options.target;
    this.timing = options.timing;
    this.facts = options.facts;
    this.nextIdentity = options.nextIdentity;
    this.voice = options.voice;
  }

  warn(seen: string): void {
    this.findings.push({ verdict: 'warn', seen });
  }

  /** Information, not a fault. */
  note(seen: string): void {
    this.findings.push({ verdict: 'pass', seen });
  }

  fail(seen: string): never {
    throw new Ended('fail', seen);
  }

  async dial(options: DialOptions = {}, target = this.target): Promise<Answer> {
    if (this.isOver) throw new Ended('fail', 'out of time');
    const answer = await dial(target, this.timing.patienceMs, (end) => this.ends.push(end), options);
    if (answer.link !== null) this.links.push(answer.link);
    if (this.isOver) this.end();
    return answer;
  }

  /** An accepted connection. `what` names it in the finding if it is refused: "the next call". */
  async open(
    options: DialOptions = { callHeaders: callHeaders(this.nextIdentity()) },
    what = 'the call',
  ): Promise<Link> {
    const { link, seen } = await this.dial(options);
    return link ?? this.fail(`${what} was not let in: the server ${seen}`);
  }

  async call(options: CallOptions = {}, what?: string): Promise<Call> {
    const identity = options.identity ?? this.nextIdentity();
    const link = await this.open({ callHeaders: callHeaders(identity) }, what);
    return this.begin(link, { ...options, identity });
  }

  /** A call over a connection that is open. */
  begin(link: Link, options: CallOptions & { readonly identity: CallIdentity }): Call {
    const { sampleRate = 16_000, participants = [null], identity, withMetadata = true } = options;
    const call = new Call(link, { subscriptionId: identity.subscriptionId, sampleRate, participants });
    if (withMetadata) call.metadata();
    return call;
  }

  /** What is wrong with the connection after everything was sent, as the end of "the server …"; null if nothing. */
  async problem(link: Link): Promise<string | null> {
    const { patienceMs, watchMs } = this.timing;
    if (this.facts.answersPings) {
      const ms = await link.ping(patienceMs);
      // A process that dies of an uncaught error takes a moment.
      if (ms !== null) await link.ended(graceMs(this.timing));
      else if (link.isOpen) return `did not answer a ping within ${patienceMs} ms`;
    } else await link.ended(Math.min(watchMs, 200));
    return link.ending === null ? null : `${link.ending.seen}`;
  }

  /** Continues the call for a while; the connection must stay open. */
  async expectOpen(call: Call, after: string): Promise<void> {
    await this.assertAlive(call.link, after);
    await call.goOn(this.timing.watchMs);
    await this.assertAlive(call.link, after);
  }

  async assertAlive(link: Link, after: string): Promise<void> {
    const problem = await this.problem(link);
    if (problem !== null) this.fail(`after ${after} the server ${problem}`);
  }

  rest(ms: number): Promise<void> {
    return rest(ms);
  }

  /** Hangs up; the server's reaction is not judged here. */
  async hangUp(call: Call): Promise<void> {
    await call.link.close(1000, Math.min(this.timing.patienceMs, 1000));
    call.link.destroy();
  }

  /** Findings on all connections, whatever the scenario looked for. */
  sightings(): Finding[] {
    const faults = new Set(this.links.flatMap(({ faults }) => faults));
    const audible = this.links.some(({ anomalies }) => [...anomalies].some((each) => each.startsWith(brokenAudio)));
    return [
      ...[...faults].map((fault): Finding => ({ verdict: 'fail', seen: `the server sent ${fault}` })),
      ...(audible ? [{ verdict: 'fail', seen: `the server sent ${brokenAudio}` } as const] : []),
    ];
  }

  /** Closes everything. */
  end(): void {
    this.isOver = true;
    for (const link of this.links) link.destroy();
    for (const end of this.ends) end();
  }
}
