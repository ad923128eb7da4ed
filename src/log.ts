/**
 * The log: one JSON object a line on stdout, by pino. No audio, no token, no DTMF digit goes into it; what a peer sent is
 * escaped by JSON and bounded by whoever logs it. Main thread.
 */
import pino from 'pino';
import type { LogLevel } from './config.ts';

export type Log = pino.Logger;

export function createLog(level: LogLevel): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
