/** Runs a command in a real pseudo-terminal, made by `script` of util-linux, as a person at a keyboard does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { eventually } from '../support/gateway-process.ts';

export class Terminal {
  private readonly child: ChildProcess;
  private readonly chunks: Buffer[] = [];
  private readonly exited: Promise<number | null>;

  /** `command` is of the shell. The locale is one that every Debian has. */
  constructor(command: string, env: Readonly<Record<string, string>> = {}) {
    // Nothing else of our own environment: what runs the tests says in it (CI, NO_COLOR, FORCE_COLOR) what its own log can
    // show, and Node.js would believe it.
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: { PATH, HOME, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout!.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Everything that was written to it, with the line ends of a file. */
  get text(): string {
    return Buffer.concat(this.chunks).toString().replaceAll('\r\n', '\n');
  }

  /** What a person reads. */
  get shown(): string {
    return stripVTControlCharacters(this.text);
  }

  /** Waits until this can be read, and returns the first group of the pattern. */
  async shows(pattern: RegExp): Promise<string> {
    await eventually(() => pattern.test(this.shown) || this.child.exitCode !== null);
    const found = pattern.exec(this.shown);
    if (found === null) throw new Error(`the terminal does not show ${pattern}:\n${this.text}`);
    return found[1] ?? found[0];
  }

  /** Presses Ctrl-C; the exit code of the command, when it has ended. */
  interrupt(): Promise<number | null> {
    this.child.stdin!.write('\u0003');
    return this.exited;
  }

  /** Ends what runs in it by taking the terminal away. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
