/** Blocks of a page in a shell of its own, as a paste: every line is run, whatever became of the one before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';

/** Calls of half a minute and some starts of programs; a busy machine needs more. */
const blockMsMax = 120_000;

/** Node.js 22 first, as it would be on the user's machine. */
export const userEnv = { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` };

export interface Shell {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** Ends with the test, its children too. */
export function paste(code: string, folder: string, env: NodeJS.ProcessEnv = userEnv): Shell {
  const child = spawn('bash', ['-c', code], { cwd: folder, env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  onTestFinished(() => endAll(child));
  return { child, output: () => output };
}

/** Waits until everything has ended, which must end well. Returns what was printed. */
export async function ended({ child, output }: Shell): Promise<string> {
  const timer = setTimeout(() => endAll(child), blockMsMax);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  expect(code, output()).toBe(0);
  return output();
}

function endAll(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // Everything has ended.
  }
}
