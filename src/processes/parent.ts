/**
 * The parent of several gateways on one port: starts them, replaces those that die or hang, passes on that they shall end, and has the one
 * admin port of all. It takes no stream itself, and nothing that a call sends passes through it. Main thread of the parent.
 */
import { AdminServer, adminOf } from '../admin/server.ts';
import { withTimeout, withWallTimeout } from '../base/deadline.ts';
import { exitMsMax } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { processHangMsMin, processLookMs } from '../base/process-limits.ts';
import { packageVersion } from '../base/version.ts';
import type { Config } from '../config/serve-settings.ts';
import { configOf } from '../config/share.ts';
import { logDrained } from '../gateway/end.ts';
import { registerProcess } from '../metrics/process.ts';
import { Metrics } from '../metrics/registry.ts';
import { portToListenOn } from '../socket/port.ts';
import { Claims } from './claims.ts';
import { ProcessesFigures } from './figures.ts';
import { GatewayProcess, type ProcessEnd } from './gateway-process.ts';
import { noResult, sumOf } from './results.ts';
import { Slot } from './slot.ts';

export interface ParentOptions {
  /** Of all processes together. */
  readonly config: Config;
  readonly log: Log;
  /** What processes have written, a line at a time. */
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
}

export class Parent {
  private readonly options: ParentOptions;
  private readonly slots: readonly Slot[];
  private readonly claims: Claims;
  private readonly figures: ProcessesFigures;
  private readonly admin: AdminServer;
  private readonly restarts = { died: 0, hung: 0, replaced: 0 };
  /** Of all that have drained; and how many have not. */
  private result = noResult;
  private lost = 0;
  private port = 0;
  private isDraining = false;
  private isReplacing = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: ParentOptions) {
    const { config, log } = options;
    this.options = options;
    this.claims = new Claims(config.duplicate === 'reject');
    this.slots = Array.from({ length: config.processes }, (_, number) => this.createSlot(number, log));
    const metrics = new Metrics();
    const build = { version: packageVersion(), node: process.versions.node, decoder: config.decoder };
    registerProcess(metrics, { build, processRestarts: () => this.restarts });
    this.figures = new ProcessesFigures({
      metrics,
      processes: () => ({
        current: this.slots.flatMap(({ current }) => current ?? []),
        retiring: this.slots.flatMap(({ retiring }) => [...retiring]),
      }),
      isDraining: () => this.isDraining,
    });
    this.admin = new AdminServer({ ...adminOf(config), figures: this.figures, console: null });
  }

  /** Resolves when all processes take streams. Throws what one of them does; then nothing is left behind. */
  async start(): Promise<{ readonly port: number; readonly adminPort: number }> {
    const { config } = this.options;
    try {
      const { host, port, tlsCert, sharePort } = config;
      const tls = tlsCert === null ? null : {};
      this.port = await portToListenOn({ host, port, tls, sharing: sharePort ? 'ask' : 'alone' });
      const adminPort = await this.admin.listen();
      this.timer = setInterval(() => this.look(performance.now()), processLookMs);
      await Promise.all(this.slots.map((slot) => slot.start()));
      return { port: this.port, adminPort };
    } catch (error) {
      this.cancel();
      await this.stop();
      throw error;
    }
  }

  logStarted(): void {
    for (const slot of this.slots) slot.logStarted();
  }

  /** Replaces one process after the other: each has its successor before it gets no newcomers, and no call is cut within the drain timeout. */
  async replace(): Promise<void> {
    const { log } = this.options;
    if (this.isReplacing || this.isDraining) return;
    this.isReplacing = true;
    log.info({ msg: 'replacing processes', processes: this.slots.length });
    let replaced = 0;
    for (const slot of this.slots) {
      // One that cannot start leaves the others as they are.
      if (this.isDraining || !(await slot.replace())) break;
      this.restarts.replaced++;
      replaced++;
    }
    this.isReplacing = false;
    if (this.isDraining) return;
    if (replaced === this.slots.length) log.info({ msg: 'processes replaced', processes: replaced });
    else log.error({ msg: 'processes not replaced', processes: replaced });
  }

  /** Drains all of them. Returns whether all that they received is accounted for. */
  async drain(): Promise<boolean> {
    const { config, log } = this.options;
    this.isDraining = true;
    for (const slot of this.slots) slot.stop();
    const left = this.slots.flatMap(({ processes }) => processes);
    // As long as there is one of us, newcomers are told that we end; but not where others take them.
    for (const each of left) each.drain(config.sharePort);
    const lostBefore = this.lost;
    const ended = Promise.all(left.map((each) => each.ended)).then(() => {});
    if (!(await withTimeout(config.drainTimeoutMs + 2 * exitMsMax, ended))) this.kill();
    await this.ended();
    const isExact = this.result.isExact && this.lost === lostBefore;
    logDrained(log, { ...this.result, isExact }, { ...(this.lost > 0 && { processesLost: this.lost }) });
    await this.admin.scrapers.askOnceMore(performance.now());
    await this.stop();
    return isExact;
  }

  /** At once. */
  kill(): void {
    for (const slot of this.slots) {
      slot.stop();
      for (const each of slot.processes) each.kill();
    }
  }

  private cancel(): void {
    for (const slot of this.slots) {
      slot.stop();
      for (const each of slot.processes) each.cancel();
    }
  }

  /** Waits for what is left of them. */
  private async ended(): Promise<void> {
    const left = this.slots.flatMap(({ processes }) => processes);
    await withWallTimeout(
      exitMsMax,
      Promise.all(left.map((each) => each.ended)).then(() => {}),
    );
  }

  private async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.ended();
    await this.admin.stop();
  }

  private look(nowMs: number): void {
    const hangMs = Math.max(this.options.config.threadTimeoutMs, processHangMsMin);
    for (const slot of this.slots) slot.look(hangMs, nowMs);
  }

  private createSlot(number: number, log: Log): Slot {
    return new Slot({
      number,
      log,
      create: (onEnd) => this.createProcess(number, onEnd),
      onGone: (gone, kind) => {
        if (kind !== null) this.restarts[kind]++;
        if (gone.result !== null) this.result = sumOf(this.result, gone.result);
        else if (kind !== null && gone.hasRun) this.lost++;
        this.figures.retire(gone);
        this.claims.gone(gone);
      },
    });
  }

  private createProcess(number: number, onEnd: (process: GatewayProcess, end: ProcessEnd) => void): GatewayProcess {
    const { config, stdout, stderr } = this.options;
    const created: GatewayProcess = new GatewayProcess({
      number,
      config: { ...configOf(config, number), port: this.port },
      stdout,
      stderr,
      onMessage: (message) => this.claims.take(created, message),
      onEnd: (end) => onEnd(created, end),
    });
    return created;
  }
}
