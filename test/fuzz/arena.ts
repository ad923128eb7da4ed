/**
 * A real gateway with calls that do nothing wrong, and hostile connections let loose on it. After each round everything is
 * counted: what was received, what became of it, who was closed and why; at the end the calls' recordings are compared bit by
 * bit with what they sent. Throws at the first thing that is not as it should be.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';
import { Bystander, manners } from './bystander.ts';
import { type Case, happens, type Played, play } from './case.ts';
import type { HttpCase } from './http-cases.ts';
import { playHttp } from './http-play.ts';

const settleMs = 10_000;
/** How long an answer to `/healthz` may take. A loop that is blocked takes longer; a shared machine may take long. */
const healthMsMax = 2_000;
const probeIntervalMs = 50;

/** All hostile connections come from one address, and say that they are the same subscription. */
const roomy = [
  ['--duplicate', 'allow'],
  ['--max-upgrades-per-address', '1000000'],
  ['--max-upgrades-per-second', '1000000'],
  ['--max-messages-per-second', '100000'],
].flat();

type Samples = ReadonlyMap<string, number>;

function sum(samples: Samples, prefix: string): number {
  let total = 0;
  for (const [name, value] of samples) if (name.startsWith(prefix)) total += value;
  return total;
}

export class Arena {
  readonly gateway: GatewayProcess;
  slowestHealthMs = 0;
  private readonly folder: string;
  private readonly bystanders: Bystander[] = [];
  private readonly probe: NodeJS.Timeout;
  private probeFailure: string | null = null;
  private isProbing = false;
  private hasExited = false;

  private constructor(gateway: GatewayProcess, folder: string) {
    this.gateway = gateway;
    this.folder = folder;
    gateway.exit().then(() => {
      this.hasExited = true;
    });
    this.probe = setInterval(() => this.look(), probeIntervalMs);
  }

  static async start(...flags: string[]): Promise<Arena> {
    const folder = mkdtempSync(join(tmpdir(), 'acs-audio-gateway-fuzz-'));
    const gateway = await GatewayProcess.start(...roomy, '--sink', `pcm:${folder}`, ...flags);
    const arena = new Arena(gateway, folder);
    for (const [seed, manner] of manners.entries()) {
      arena.bystanders.push(await Bystander.start(gateway.port, manner, seed + 1));
    }
    return arena;
  }

  /** Whatever happens: to be called at the end. */
  async stop(): Promise<void> {
    clearInterval(this.probe);
    for (const bystander of this.bystanders)
      await happens(
        bystander.hangUp().catch(() => {}),
        500,
      );
    await this.gateway.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Plays all of them at the same time, then counts. */
  async play(cases: readonly Case[]): Promise<void> {
    const { before, after, result } = await this.around(() =>
      Promise.all(cases.map((one) => play(this.gateway.port, one))),
    );
    const wrong = result.find(({ complaint }) => complaint !== null);
    if (wrong !== undefined) throw new Error(`${wrong.case.name}: ${wrong.complaint}`);
    this.compare(before, after, result);
  }

  /** The same with requests; an upgrade that is accepted is a stream that was opened and closed. */
  async playHttp(cases: readonly HttpCase[]): Promise<void> {
    const { port, adminPort } = this.gateway;
    const { before, after, result } = await this.around(() =>
      Promise.all(cases.map((one) => playHttp(one.port === 'ingest' ? port : adminPort, one))),
    );
    const wrong = result.find(({ complaint }) => complaint !== null);
    if (wrong !== undefined) throw new Error(`${wrong.case.name}: ${wrong.complaint}`);
    const name = 'upgrades_total{result="accepted"}';
    const accepted = after.get(name)! - before.get(name)!;
    const answered = result.reduce((count, { upgrades }) => count + upgrades, 0);
    // One that broke off may have been accepted and never heard of it.
    if (accepted < answered) throw new Error(`${answered} upgrades were answered with 101, ${accepted} counted`);
  }

  /** Does anything while the calls continue; what was counted before and after, with nothing in flight. */
  private async around<T>(act: () => Promise<T>): Promise<{ before: Samples; after: Samples; result: T }> {
    const before = await this.settled();
    for (const bystander of this.bystanders) bystander.goOn();
    let result: T;
    try {
      result = await act();
    } catch (error) {
      this.checkAlive();
      throw error;
    }
    const after = await this.settled();
    this.checkAlive();
    return { before, after, result };
  }

  /** Ends the calls and the gateway; returns what is wrong with them. */
  async finish(): Promise<void> {
    await this.settled();
    this.checkAlive();
    for (const bystander of this.bystanders) await bystander.hangUp();
    const { code, last } = await this.gateway.drain();
    clearInterval(this.probe);
    if (code !== 0 || last.msg !== 'drained' || last['unaccounted'] !== 0) {
      throw new Error(`the drain ended with ${code}: ${JSON.stringify(last)}`);
    }
    for (const bystander of this.bystanders) {
      const recorded = readFileSync(join(this.folder, bystander.name, 'mixed.pcm'));
      if (!recorded.equals(bystander.sent)) {
        throw new Error(
          `${bystander.name}: ${recorded.length} bytes recorded, ${bystander.sent.length} sent, or others`,
        );
      }
    }
  }

  private compare(before: Samples, after: Samples, played: readonly Played[]): void {
    const grew = (name: string) => after.get(name)! - before.get(name)!;
    const isExact = played.every((each) => each.outcome.isExact && !each.case.isReset && !each.case.isCostly);
    const wanted = { messages: 0, bytes: 0, peer: 0, error: 0, too_big: 0 };
    for (const { outcome } of played) {
      wanted.messages += outcome.messages;
      wanted.bytes += outcome.bytes;
      wanted[outcome.cause]++;
    }
    const is = {
      messages: grew('messages_received_total') - this.sinceLast.messages,
      bytes: grew('received_bytes_total') - this.sinceLast.bytes,
      peer: grew('stream_closes_total{cause="peer"}'),
      error: grew('stream_closes_total{cause="error"}'),
      too_big: grew('stream_closes_total{cause="too_big"}'),
    };
    if (isExact && JSON.stringify(is) !== JSON.stringify(wanted)) {
      throw new Error(`counted ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
    }
    const upgrades = grew('upgrades_total{result="accepted"}');
    if (upgrades !== played.length) throw new Error(`${upgrades} upgrades, not ${played.length}`);
  }

  /** What the calls sent between the last two times that everything was settled. */
  private sinceLast = { messages: 0, bytes: 0 };
  private settledAt = { messages: 0, bytes: 0 };

  /** Lets the calls pause, waits until nothing is in flight, and checks all that must hold at any such time. */
  private async settled(): Promise<Samples> {
    const pauses = Promise.all(this.bystanders.map((bystander) => bystander.pause()));
    if (!(await happens(pauses, settleMs))) throw new Error('a call that did nothing wrong gets no answer');
    const sent = { messages: 0, bytes: 0 };
    for (const { messages, bytes } of this.bystanders) {
      sent.messages += messages;
      sent.bytes += bytes;
    }
    this.sinceLast = {
      messages: sent.messages - this.settledAt.messages,
      bytes: sent.bytes - this.settledAt.bytes,
    };
    this.settledAt = sent;
    const giveUpMs = performance.now() + settleMs;
    for (;;) {
      const samples = await this.gateway.metrics();
      const problem = this.problem(samples);
      if (problem === null) return samples;
      if (performance.now() > giveUpMs) throw new Error(problem);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private problem(samples: Samples): string | null {
    const received = samples.get('messages_received_total')!;
    const outcomes = sum(samples, 'messages_total');
    const accepted = samples.get('upgrades_total{result="accepted"}')!;
    const closes = sum(samples, 'stream_closes_total');
    const active = samples.get('streams_active')!;
    if (active !== this.bystanders.length) return `${active} streams are connected, not ${this.bystanders.length}`;
    if (accepted !== closes + active) return `${accepted} accepted, ${closes} closed, ${active} active`;
    if (received !== outcomes) return `${received} received, ${outcomes} accounted for`;
    if (samples.get('messages_unaccounted') !== 0) return `${samples.get('messages_unaccounted')} unaccounted`;
    return null;
  }

  private checkAlive(): void {
    if (this.hasExited) throw new Error('the gateway died');
    const gone = this.bystanders.find(({ isConnected }) => !isConnected);
    if (gone !== undefined) throw new Error(`${gone.name}, which did nothing wrong, was cut off`);
    if (this.probeFailure !== null) throw new Error(this.probeFailure);
  }

  private look(): void {
    if (this.isProbing) return;
    this.isProbing = true;
    const startedMs = performance.now();
    fetch(`http://127.0.0.1:${this.gateway.port}/healthz`, { signal: AbortSignal.timeout(5 * healthMsMax) })
      .then(async (response) => {
        await response.text();
        const tookMs = performance.now() - startedMs;
        this.slowestHealthMs = Math.max(this.slowestHealthMs, tookMs);
        if (response.status !== 200) this.probeFailure ??= `/healthz: ${response.status}`;
        if (tookMs > healthMsMax) this.probeFailure ??= `/healthz took ${Math.round(tookMs)} ms`;
      })
      .catch((error: Error) => {
        this.probeFailure ??= `/healthz: ${error.message}`;
      })
      .finally(() => {
        this.isProbing = false;
      });
  }
}
