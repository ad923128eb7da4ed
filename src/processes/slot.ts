/**
 * The place of one process: there is one in it, or the next one is due; later each time until one has lived for a while. A process that is
 * replaced has calls left for a while beside its successor. Main thread of the parent.
 */
import { redactPath } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { processRestartMs } from '../base/process-limits.ts';
import { BackOff } from '../thread/back-off.ts';
import type { GatewayProcess, ProcessEnd } from './gateway-process.ts';

export interface SlotOptions {
  readonly number: number;
  readonly log: Log;
  readonly create: (onEnd: (process: GatewayProcess, end: ProcessEnd) => void) => GatewayProcess;
  /** A process is gone. `kind`: how, if that was not to be. */
  readonly onGone: (process: GatewayProcess, kind: 'died' | 'hung' | null) => void;
}

export class Slot {
  /** Null: the next one is due. */
  current: GatewayProcess | null = null;
  /** Its predecessors that have calls left, and a successor that is not ready. */
  readonly retiring = new Set<GatewayProcess>();
  private successor: GatewayProcess | null = null;
  private readonly options: SlotOptions;
  private readonly backOff = new BackOff(processRestartMs.first, processRestartMs.most);
  private timer: NodeJS.Timeout | null = null;
  private phase: 'starting' | 'running' | 'stopped' = 'starting';

  constructor(options: SlotOptions) {
    this.options = options;
  }

  /** All that run. */
  get processes(): GatewayProcess[] {
    return [this.current, this.successor, ...this.retiring].filter((process) => process !== null);
  }

  /** Resolves when the first process is ready; rejects with the reason if it cannot be. */
  async start(): Promise<void> {
    this.current = this.create();
    await this.current.listening;
    this.phase = 'running';
  }

  logStarted(process = this.current): void {
    if (process === null) return;
    const { number, pid } = process;
    this.options.log.info({ msg: 'process started', process: number, pid });
  }

  /** Starts a successor; when it is ready the process gets no newcomers any more. Resolves when its last call has ended. */
  async replace(): Promise<boolean> {
    if (this.phase !== 'running') return false;
    // The next one is due, and new as well.
    if (this.current === null) return true;
    const successor = this.tryCreate();
    if (successor === null) return false;
    this.successor = successor;
    const isReady = await successor.listening.then(
      () => true,
      () => false,
    );
    this.successor = null;
    if (this.isStopped || !isReady) return false;
    const old = this.current as GatewayProcess | null;
    this.current = successor;
    this.logStarted();
    if (old === null) {
      // It has died meanwhile, and its place was to be filled.
      this.cancel();
      return true;
    }
    this.retiring.add(old);
    old.drain(true);
    await old.ended;
    return true;
  }

  /** No process is started any more. */
  stop(): void {
    this.phase = 'stopped';
    this.cancel();
  }

  look(hangMs: number, nowMs: number): void {
    for (const process of this.processes) process.look(hangMs, nowMs);
  }

  private get isStopped(): boolean {
    return this.phase === 'stopped';
  }

  private create(): GatewayProcess {
    return this.options.create((process, end) => this.gone(process, end));
  }

  private gone(process: GatewayProcess, { kind, reason }: ProcessEnd): void {
    const { log, number, onGone } = this.options;
    const wasCurrent = process === this.current;
    this.retiring.delete(process);
    if (wasCurrent) this.current = null;
    const isDue = wasCurrent && this.phase === 'running';
    // One that drains without having been told to gives up.
    const loss = kind === 'ended' && isDue ? 'died' : kind;
    onGone(process, loss === 'ended' ? null : loss);
    // What keeps the first one from starting is said by whoever waits for it.
    if (loss === 'ended' || this.phase === 'starting') return;
    if (process.ageMs > processRestartMs.lived) this.backOff.succeeded();
    const restartMs = isDue ? this.restartLater() : null;
    const record = { process: number, pid: process.pid, error: reason, ...(restartMs !== null && { restartMs }) };
    log.error({ msg: loss === 'hung' ? 'process hangs' : 'process died', ...record });
  }

  /** Null, logged, where the system has no room for a process. */
  private tryCreate(): GatewayProcess | null {
    try {
      return this.create();
    } catch (error) {
      this.options.log.error({ msg: 'process died', process: this.options.number, error: redactPath(error) });
      return null;
    }
  }

  private restartLater(): number {
    const restartMs = this.backOff.failed();
    this.timer = setTimeout(() => this.restart(), restartMs);
    return restartMs;
  }

  private restart(): void {
    this.timer = null;
    if (this.isStopped || this.current !== null) return;
    const process = this.tryCreate();
    if (process === null) {
      this.restartLater();
      return;
    }
    this.current = process;
    process.listening.then(
      () => this.logStarted(process),
      () => {},
    );
  }

  private cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
