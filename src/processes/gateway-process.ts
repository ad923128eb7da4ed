/**
 * One of the processes as its parent sees it: started, asked, watched, ended. It is started once; its successor is another one. A process
 * whose heartbeat stops hangs: it is killed, and counts as gone at once. Main thread of the parent.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withWallTimeout } from '../base/deadline.ts';
import { GatewayError, redactPath } from '../base/errors.ts';
import { exitMsMax } from '../base/limits.ts';
import { processAnswerMsMax, processLookMs, processReadyMsMax } from '../base/process-limits.ts';
import type { Config } from '../config/serve-settings.ts';
import type { DrainResult } from '../gateway/drain-result.ts';
import type { Snapshot } from '../metrics/aggregate.ts';
import { StandstillClock } from '../thread/standstill-clock.ts';
import { Lines } from './lines.ts';
import type { Answers, FromProcess, Question, ToProcess } from './messages.ts';

/** How it ended. `ended`: after a drain. */
export interface ProcessEnd {
  readonly kind: 'ended' | 'died' | 'hung';
  readonly reason: string;
}

export interface GatewayProcessOptions {
  /** From 0; its successors have the same one. */
  readonly number: number;
  readonly config: Config;
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
  /** What it says of subscriptions. */
  readonly onMessage: (message: FromProcess) => void;
  /** Once. */
  readonly onEnd: (end: ProcessEnd) => void;
}

/** How long what it has written may still come when it is gone. */
const outputMsMax = 1_000;

export class GatewayProcess {
  readonly number: number;
  state: 'starting' | 'running' | 'draining' | 'gone' = 'starting';
  /** Its account, once it has drained. */
  result: DrainResult | null = null;
  /** Its metrics as last known. */
  metrics: Snapshot | null = null;
  /** It has been ready once. */
  hasRun = false;
  readonly listening: Promise<void>;
  /** Resolves when it is gone, and all that it has written is here. */
  readonly ended: Promise<void>;
  private readonly options: GatewayProcessOptions;
  private readonly child: ChildProcess;
  private readonly heartbeat = new StandstillClock(processLookMs);
  private readonly startedMs = performance.now();
  private readonly readiness = Promise.withResolvers<void>();
  private readonly end = Promise.withResolvers<void>();
  private readonly asked = new Map<number, (answer: Answers[Question] | undefined) => void>();
  private nextAsk = 0;
  private beats = 0;
  private isUnneeded = false;
  /** It said why it ends. */
  private failure: GatewayError | null = null;

  constructor(options: GatewayProcessOptions) {
    const { number, stdout, stderr } = options;
    this.options = options;
    this.number = number;
    this.listening = this.readiness.promise;
    this.listening.catch(() => {});
    this.ended = this.end.promise;
    const entry = new URL(`./child.process${extname(import.meta.url)}`, import.meta.url);
    // Its number shows in `ps`. Our own standard output is for its last words, should we die first.
    this.child = spawn(process.execPath, [...process.execArgv, fileURLToPath(entry), String(number)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', process.stdout.fd],
      // Numbers that JSON does not know are metrics too.
      serialization: 'advanced',
    });
    const lines = [
      { from: this.child.stdout, take: stdout },
      { from: this.child.stderr, take: stderr },
    ].map(({ from, take }) => new Lines(from, take).ended);
    this.child.on('message', (message: FromProcess) => this.take(message));
    // It is gone: `exit` says so.
    this.child.on('error', (error) => {
      if (this.child.pid === undefined) this.gone({ kind: 'died', reason: redactPath(error) });
    });
    const silent = new Promise<void>((resolve) => this.child.once('disconnect', resolve));
    this.child.once('exit', async (code, signal) => {
      // What it has said and written before is on its way.
      await withWallTimeout(
        outputMsMax,
        Promise.all([silent, ...lines]).then(() => {}),
      );
      const reason = this.failure?.message ?? (signal === null ? `exit code ${code}` : `ended by ${signal}`);
      this.gone({ kind: this.result === null && !this.isUnneeded ? 'died' : 'ended', reason });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }
  /** How long it lived or has lived, in ms. */
  get ageMs(): number {
    return performance.now() - this.startedMs;
  }

  send(message: ToProcess): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  drain(closesPort: boolean): void {
    if (this.state === 'starting') this.cancel();
    if (this.state !== 'running') return;
    this.state = 'draining';
    this.send({ type: 'drain', closesPort });
  }

  /** It has nothing to lose. */
  cancel(): void {
    this.isUnneeded = true;
    this.kill();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Looks whether it turns. `hangMs`: without a sign of life for so long it hangs. Time in which we stood still ourselves does not count. */
  look(hangMs: number, nowMs: number): void {
    if (this.state === 'gone') return;
    const silentMs = this.heartbeat.look(this.beats, nowMs);
    const isOver = this.result !== null;
    const mayMs = this.state === 'starting' ? processReadyMsMax : isOver ? exitMsMax : hangMs;
    if (silentMs < mayMs) return;
    this.kill();
    const what = this.state === 'starting' ? 'not ready' : 'no sign of life';
    this.gone({ kind: 'hung', reason: `${what} for ${Math.round(silentMs)} ms` });
  }

  /** `undefined`: it does not answer. */
  async ask<Q extends Exclude<Question, 'streams'>>(question: Q, of = ''): Promise<Answers[Q] | undefined> {
    const answered = Promise.withResolvers<Answers[Q] | undefined>();
    const id = this.put(question, of, (answer) => answered.resolve(answer as Answers[Q] | undefined));
    await withWallTimeout(
      processAnswerMsMax,
      answered.promise.then(() => {}),
    );
    this.asked.delete(id);
    answered.resolve(undefined);
    return answered.promise;
  }

  /** JSON of its streams, in pieces. Ends early when it does not answer. */
  async *streams(): AsyncGenerator<string> {
    const pieces: (string | null | undefined)[] = [];
    let wake = () => {};
    const id = this.put('streams', '', (answer) => {
      pieces.push(answer as string | null | undefined);
      wake();
    });
    try {
      for (;;) {
        const arrived = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (pieces.length === 0 && !(await withWallTimeout(processAnswerMsMax, arrived))) return;
        const piece = pieces.shift();
        if (typeof piece !== 'string') return;
        yield piece;
      }
    } finally {
      this.asked.delete(id);
    }
  }

  private put(question: Question, of: string, deliver: (answer: Answers[Question] | undefined) => void): number {
    const id = this.nextAsk++;
    if (this.state === 'running' || this.state === 'draining') {
      this.asked.set(id, deliver);
      this.send({ type: 'ask', id, question, of });
    } else deliver(undefined);
    return id;
  }

  private take(message: FromProcess): void {
    if (this.state === 'gone') return;
    this.beats++;
    switch (message.type) {
      case 'up':
        this.send({ type: 'start', process: this.number, config: this.options.config });
        return;
      case 'listening':
        this.state = 'running';
        this.hasRun = true;
        this.readiness.resolve();
        return;
      case 'failed':
        this.failure = new GatewayError(message.code, message.message);
        return;
      case 'beat':
        return;
      case 'answer':
        this.asked.get(message.id)?.(message.answer);
        return;
      case 'drained':
        this.result = message.result;
        this.metrics = message.metrics;
        return;
      default:
        this.options.onMessage(message);
    }
  }

  private gone(end: ProcessEnd): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    for (const deliver of this.asked.values()) deliver(undefined);
    this.readiness.reject(this.failure ?? new GatewayError('process_failed', `process ${this.number}: ${end.reason}`));
    this.options.onEnd(end);
    this.end.resolve();
  }
}
