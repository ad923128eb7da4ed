/**
 * The entry of a process of `--processes`: signals, output, exit. Its parent says when it ends; a signal that a terminal or a supervisor
 * sends to all of them at once says nothing to it.
 */
import { exitNow, exitSoon } from '../base/exit.ts';
import { explain } from '../base/explain.ts';
import type { FromProcess, ToProcess } from './messages.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});

/** Output that cannot be written, because its reader is gone, must not end the process. */
process.stderr.on('error', () => {});

function send(message: FromProcess, sent: () => void = () => {}): void {
  process.send!(message, undefined, undefined, () => sent());
}

let isEnding = false;
function end(exitCode: number): void {
  isEnding = true;
  if (process.connected) process.disconnect();
  exitSoon(exitCode);
}

process.on('uncaughtException', (error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  exitNow(1);
});

try {
  const { Child } = await import('./child.ts');
  const child = new Child(send, end);
  process.on('message', (message: ToProcess) => child.take(message));
  process.once('disconnect', () => {
    if (!isEnding) child.orphaned();
  });
  send({ type: 'up' });
} catch (error) {
  const explained = explain(error);
  if (explained === null) throw error;
  const { code, message, exitCode } = explained;
  send({ type: 'failed', code, message }, () => end(exitCode));
}
