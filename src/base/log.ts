/**
 * The log: one JSON object a line on standard output, by pino; on a terminal a line for people instead. A program that embeds
 * the gateway may give its own stream or logger. No audio, no token, no DTMF digit goes into it; what a peer sent is escaped by
 * JSON and bounded by the caller. Main thread.
 */
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import pino from 'pino';
import type { LogFormat, LogLevel } from './log-level.ts';
import { logLine } from './log-line.ts';
import { LogOutput, logOutput } from './log-output.ts';

/** One record; `msg` says what happened. */
export type LogRecord = Readonly<Record<string, unknown>> & { readonly msg: string };

/** Where records go, by level. A pino logger is one. */
export interface Log {
  /** Life of the gateway and its streams: `listening`, `stream ended`, `draining` … */
  info(record: LogRecord): void;
  /** What passes by itself. */
  warn(record: LogRecord): void;
  /** What needs a look: docs/errors.md has each record. */
  error(record: LogRecord): void;
  /** The gateway cannot continue. */
  fatal(record: LogRecord): void;
}

/** JSON allows them, terminals and editors act on them: DEL, C1 controls, line separators, changes of direction. */
const unsafe = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function escaped(line: string): string {
  return line.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const stdoutFd = 1;

/** `styleText` knows whether the terminal has colours, and NO_COLOR. */
function readableFor(stream: Writable): (line: string) => string {
  return (line) => logLine(line, (style, text) => styleText(style, text, { stream }));
}

function isPrettyOn(format: LogFormat, stream?: Writable): boolean {
  return format === 'pretty' || (format === 'auto' && stream === undefined && isatty(stdoutFd));
}

/**
 * @param stream instead of standard output
 * @param said in every record
 */
export function createLog(
  level: LogLevel,
  format: LogFormat = 'auto',
  stream?: Writable,
  said: Readonly<Record<string, unknown>> | null = null,
): Log {
  const output = stream === undefined ? logOutput : new LogOutput(() => stream);
  const isPretty = isPrettyOn(format, stream);
  const options = {
    level,
    base: said,
    hooks: { streamWrite: isPretty ? readableFor(stream ?? process.stdout) : escaped },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = pino(options, output);
  output.onLost = (lines) => log.warn({ msg: 'log lines lost', lines });
  return log;
}

/** Takes lines that processes of ours have written, records as JSON or what a module prints, to standard output. */
export function createRelay(format: LogFormat): (line: string) => void {
  const readable = isPrettyOn(format) ? readableFor(process.stdout) : null;
  return (line) => {
    const isRecord = readable !== null && line.startsWith('{"level":');
    logOutput.write(isRecord ? readable(line) : `${line}\n`);
  };
}
