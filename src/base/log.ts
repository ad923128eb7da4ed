/**
 * The log: one JSON object a line on stdout, by pino; on a terminal a line for people instead. No audio, no token, no DTMF
 * digit goes into it; what a peer sent is escaped by JSON and bounded by whoever logs it. Main thread.
 */
import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import pino from 'pino';
import type { LogFormat, LogLevel } from './log-level.ts';
import { logLine } from './log-line.ts';
import { logOutput } from './log-output.ts';

export type Log = pino.Logger;

/** JSON allows them, terminals and editors act on them: DEL, C1 controls, line separators, changes of direction. */
const unsafe = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function escaped(line: string): string {
  return line.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const stdoutFd = 1;

/** `styleText` knows whether the terminal has colours, and NO_COLOR. */
function readable(line: string): string {
  return logLine(line, (style, text) => styleText(style, text, { stream: process.stdout }));
}

export function createLog(level: LogLevel, format: LogFormat = 'auto'): Log {
  const isPretty = format === 'pretty' || (format === 'auto' && isatty(stdoutFd));
  const options = {
    level,
    base: null,
    hooks: { streamWrite: isPretty ? readable : escaped },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = pino(options, logOutput);
  logOutput.onLost = (lines) => log.warn({ msg: 'log lines lost', lines });
  return log;
}
