/**
 * `--on-recording`: a program that is run for each finished call, with its description as JSON on standard input. Never
 * through a shell, a few at a time, and without our own settings in its environment: they hold secrets. Main thread.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { redactPath } from '../base/errors.ts';
import { recordingCommands } from '../base/limits.ts';
import { environmentPrefix } from '../config/config.ts';
import type { RecordedCall } from '../sink/sink.ts';

export const commandOutcomes = ['done', 'failed', 'dropped'] as const;

export interface RecordingCommandOptions {
  readonly program: string;
  /** Of them at a time. */
  readonly runsMax: number;
  /** It ended with an error, could not be run, or there is no room for more of them. */
  readonly onFailed: (call: RecordedCall, error: string) => void;
}

/** How much of its standard error is logged. */
const saidCharsMax = 300;

export class RecordingCommand {
  readonly outcomes: Record<(typeof commandOutcomes)[number], number> = { done: 0, failed: 0, dropped: 0 };
  private readonly options: RecordingCommandOptions;
  private readonly waiting: RecordedCall[] = [];
  private running = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(options: RecordingCommandOptions) {
    this.options = options;
  }

  run(call: RecordedCall): void {
    if (this.waiting.length >= recordingCommands.waitingMax) {
      this.outcomes.dropped++;
      this.options.onFailed(call, `${this.waiting.length} calls wait for it already`);
      return;
    }
    this.waiting.push(call);
    this.next();
  }

  /** Resolves when it has run for every call so far. */
  idle(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** The command is not run any more: recordings that wait for it are logged. One that runs may finish. */
  stop(): void {
    for (const call of this.waiting.splice(0)) {
      this.outcomes.dropped++;
      this.options.onFailed(call, 'the gateway ended before its turn');
    }
  }

  private next(): void {
    while (this.running < this.options.runsMax && this.waiting.length > 0) this.start(this.waiting.shift()!);
    if (this.running === 0) for (const wake of this.idleWaiters.splice(0)) wake();
  }

  private start(call: RecordedCall): void {
    this.running++;
    let said = '';
    const ended = (error: string | null) => {
      this.running--;
      this.outcomes[error === null ? 'done' : 'failed']++;
      if (error !== null) this.options.onFailed(call, said === '' ? error : `${error}: ${said}`);
      this.next();
    };
    let child: ChildProcess;
    try {
      // A group of its own: what ends the gateway on a terminal must not end it too.
      const stdio: ['pipe', 'ignore', 'pipe'] = ['pipe', 'ignore', 'pipe'];
      child = spawn(this.options.program, [], {
        stdio,
        env: environment(),
        detached: true,
        timeout: recordingCommands.msMax,
      });
    } catch (error) {
      ended(redactPath(error));
      return;
    }
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).trimStart().slice(0, saidCharsMax);
    });
    let failure: string | null = null;
    child.once('error', (error) => {
      failure = redactPath(error);
    });
    child.once('close', (code, signal) => {
      ended(failure ?? (code === 0 ? null : signal === null ? `exit code ${code}` : `ended by ${signal}`));
    });
    // One that reads nothing is no error.
    child.stdin!.on('error', () => {});
    child.stdin!.end(`${JSON.stringify(call)}\n`);
  }
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith(environmentPrefix)));
}
