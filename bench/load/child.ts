/**
 * A process that a benchmark starts: its lines, its answers, its end. Invariant: none outlives the benchmark. Every one is
 * known here from its first moment to its last, and whatever ends the benchmark kills by process id what is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { before } from './deadline.ts';
import type { Answer, Question } from './ipc.ts';

const stderrCharsMax = 4000;
const endDeadlineMs = 20_000;
const answerDeadlineMs = 60_000;

const alive = new Set<Child>();
let isGuarding = false;

function guard(): void {
  if (isGuarding) return;
  isGuarding = true;
  process.on('exit', () => {
    for (const child of alive) child.kill();
  });
  // An exit by a signal would not run the handler above.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}

export interface ChildOptions {
  /** For messages. */
  readonly name: string;
  /** A TypeScript file. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it answers questions. */
  readonly isForked: boolean;
  readonly onLine?: (line: string) => void;
}

export class Child {
  readonly name: string;
  readonly pid: number;
  private readonly process: ChildProcess;
  private readonly exited: Promise<number | null>;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private questions = 0;
  private stderr = '';

  constructor(options: ChildOptions) {
    const { name, file, args = [], nodeFlags = [], env = process.env, isForked, onLine } = options;
    guard();
    this.name = name;
    this.process = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...nodeFlags, file, ...args],
      // Its own group: Ctrl-C in a terminal reaches the benchmark only, which then ends its processes itself.
      { stdio: ['ignore', 'pipe', 'pipe', isForked ? 'ipc' : 'ignore'], env, detached: true },
    );
    alive.add(this);
    this.pid = this.process.pid ?? 0;
    this.exited = once(this.process, 'close').then(
      ([code]) => code as number | null,
      () => null,
    );
    void this.exited.then(() => this.ended());
    createInterface({ input: this.process.stdout! }).on('line', (line) => onLine?.(line));
    this.process.stderr!.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-stderrCharsMax);
    });
    this.process.on('message', (answer: Answer) => {
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
  }

  /** Throws what the process says went wrong, when it ends instead of answering, and when it takes too long. */
  async ask<T>(what: string, value: unknown = null, deadlineMs = answerDeadlineMs): Promise<T> {
    const id = this.questions++;
    const question: Question = { id, what, value };
    const answered = new Promise<Answer>((resolve) => this.waiting.set(id, resolve));
    this.process.send?.(question, () => {});
    const answer = await this.orItsEnd(deadlineMs, what, answered);
    if ('error' in answer) throw new Error(`${this.name}: ${answer.error}`);
    return answer.value as T;
  }

  /** What the promise gives, or an error with the last words of the process if that ends first. */
  orItsEnd<T>(deadlineMs: number, what: string, done: Promise<T>): Promise<T> {
    const ended = this.exited.then((code): never => {
      throw new Error(`${this.name} ended with ${code}: ${this.stderr.trim() || 'it said nothing'}`);
    });
    ended.catch(() => {});
    return before(deadlineMs, `${this.name}, ${what}`, Promise.race([done, ended]));
  }

  /** Asks it to end, waits, and kills it when it does not. Returns its exit code; null if it was killed. */
  async end(): Promise<number | null> {
    this.process.kill('SIGTERM');
    try {
      return await before(endDeadlineMs, `${this.name}, its end`, this.exited);
    } catch {
      this.kill();
      return await this.exited;
    }
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  private ended(): void {
    alive.delete(this);
  }
}
