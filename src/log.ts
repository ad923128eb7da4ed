/**
 * The log: one JSON object a line on stdout, by pino. No audio, no token, no DTMF digit goes into it; what a peer sent is
 * escaped by JSON and bounded by whoever logs it. Main thread.
 */
import pino from 'pino';
import type { LogLevel } from './config.ts';
import { logOutput } from './log-output.ts';

export type Log = pino.Logger;

/** JSON allows them, terminals and editors act on them: DEL, C1 controls, line separators, changes of direction. */
const unsafe = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function escaped(line: string): string {
  return line.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function createLog(level: LogLevel): Log {
  const options = {
    level,
    base: null,
    hooks: { streamWrite: escaped },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = pino(options, logOutput);
  logOutput.onLost = (lines) => log.warn({ msg: 'log lines lost', lines });
  return log;
}
