#!/usr/bin/env node
/**
 * The process: arguments, environment, signals, exit. Nothing else touches them. The first SIGTERM, SIGINT or SIGHUP asks
 * the command to end, the second ends it at once.
 */
import { GatewayError } from './base/errors.ts';
import { exitNow, exitSoon } from './base/exit.ts';
import { explain } from './base/explain.ts';
import { runtimeProblem } from './base/runtime.ts';
import { packageVersion } from './base/version.ts';
import type { CliIo } from './cli/io.ts';
import { programUsage, serveUsage } from './cli/usage.ts';
import { suggestion } from './config/nearest.ts';

/** What people type before they know better. */
const aliases = new Map([
  ['-h', '--help'],
  ['-v', '--version'],
]);
const commands = ['serve', 'simulate', 'capture', 'recording', 'doctor'];

async function run(typed: readonly string[], io: CliIo): Promise<number> {
  const words = typed.map((word) => aliases.get(word) ?? word);
  const argv = words[0] === 'help' || words[0] === 'version' ? [`--${words[0]}`, ...words.slice(1)] : words;
  const [first, ...rest] = argv;
  if (argv.includes('--version')) {
    io.stdout(`${packageVersion()}\n`);
    return 0;
  }
  if (first === '--help') {
    io.stdout(`${programUsage}\n${serveUsage}`);
    return 0;
  }
  const problem = runtimeProblem(process.versions);
  if (problem !== null && first !== 'doctor') throw new GatewayError('native_missing', problem);
  // A command's modules are loaded only when it runs: the simulator needs no uWebSockets.js, `doctor` must run without it.
  switch (first) {
    case 'simulate':
      return (await import('./cli/simulate.ts')).simulate(rest, io);
    case 'capture':
      return (await import('./cli/capture.ts')).capture(rest, io);
    case 'recording':
      return (await import('./cli/recording.ts')).recording(rest, io);
    case 'doctor':
      return (await import('./cli/doctor.ts')).doctor(rest, process.env, io);
    default: {
      if (first !== undefined && first !== 'serve' && !first.startsWith('-')) {
        throw new GatewayError(
          'bad_settings',
          `unknown command ${JSON.stringify(first)}${suggestion(first, commands)}\n\n${programUsage.trimEnd()}`,
        );
      }
      return (await import('./cli/serve.ts')).serve(first === 'serve' ? rest : argv, process.env, io);
    }
  }
}

/**
 * One Ctrl-C under `npm start` comes twice, from the terminal and from npm, and `timeout` does the same with SIGTERM: what
 * follows the first signal within this time is its echo.
 */
const signalEchoMs = 300;

const stop = new AbortController();
const end = new AbortController();
let stoppedMs = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!stop.signal.aborted) stoppedMs = performance.now();
    else if (performance.now() - stoppedMs > signalEchoMs) {
      end.abort();
      exitNow(1);
    }
    stop.abort();
  });
}

/** Node.js would open its inspector, to anything that can reach its port, in a process full of calls. */
process.on('SIGUSR1', () => {});

/** Replaces processes where there are several; and ends none where there are not. */
let replace = () => {};
process.on('SIGUSR2', () => replace());

/** Output that cannot be written, because its reader is gone, must not end the process. */
process.stderr.on('error', () => {});

/** npm hands SIGTERM to its shell only, which dies of it without a word: then the loss of the parent is the signal. */
if (process.env['npm_lifecycle_event'] !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop.abort();
  }, 250);
  watch.unref();
}

const io: CliIo = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  stopped: stop.signal,
  ended: end.signal,
  onReplace: (listener) => {
    replace = listener;
  },
  isTty: process.stderr.isTTY === true,
};

/** What is not ours to explain ends the process as Node.js would, but does not wait for its threads. */
function crash(error: unknown): never {
  io.stderr(`${error instanceof Error ? error.stack : String(error)}\n`);
  exitNow(1);
}
process.on('uncaughtException', crash);

const [command = ''] = process.argv.slice(2);
run(process.argv.slice(2), io)
  .catch((error: unknown) => {
    const explained = explain(error);
    if (explained === null) return crash(error);
    io.stderr(`acs-audio-gateway: ${explained.message}\n`);
    return explained.exitCode;
  })
  .then((exitCode) => {
    process.exitCode = exitCode;
    // Who reads what the others print may take as long as they like.
    if (command === 'serve' || command.startsWith('-') || command === '') exitSoon(exitCode);
  });
