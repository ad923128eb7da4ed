/** The measurements of one server as a row of the result: what `bench:load` has of it, and what its calls heard. Pure. */
import { quantile } from '../load/histogram.ts';
import { rowOf as loadRow } from '../load/rows.ts';
import { type Measure, measure, type Row } from '../report/result.ts';
import type { DuplexMeasurement } from './measurement.ts';

/** In the order of the table. */
export const columns = [
  'frames/s',
  'sent frames/s',
  'CPU',
  'CPU per frame sent',
  'main thread',
  'underruns',
  'gaps heard',
  'margin p1',
  'lateness p50',
  'lateness p99',
  'lead p50',
  'clear p50',
  'clear p99',
  'voice CPU',
  'drops',
  'RSS per stream',
  'RSS',
  'GC',
  'longest GC pause',
  'generator CPU',
  'generator lateness p99',
  'unsent',
] as const;

const usPerMs = 1000;

/** Of the process, without the thread that makes the audio. */
export function serverUs({ userUs, systemUs, speech }: DuplexMeasurement): number {
  return userUs + systemUs - (speech?.voiceUs ?? 0);
}

export function cpuUsPerFrame(one: DuplexMeasurement): number {
  return serverUs(one) / one.frames;
}

/** What it costs to speak: the CPU of a server that does both, less that of the same one that only hears, by frames sent. */
export function cpuUsPerFrameSent(one: DuplexMeasurement, hearing: DuplexMeasurement): number {
  return (serverUs(one) - cpuUsPerFrame(hearing) * one.frames) / one.framesHeard;
}

/** @param hearing measurements of the same server that only hears, made beside these; none: it is one itself */
export function rowOf(name: string, all: readonly DuplexMeasurement[], hearing: readonly DuplexMeasurement[]): Row {
  const { measures, remarks } = loadRow(name, all);
  const of = (unit: string, better: Measure['better'], value: (one: DuplexMeasurement, i: number) => number) =>
    measure(unit, better, all.map(value));
  const isSpeaking = all.every((one) => one.framesHeard > 0);
  const hasVoice = isSpeaking && all.every((one) => one.speech !== null);
  const at = (buckets: 'lateness' | 'lead' | 'clear', q: number) => (one: DuplexMeasurement) =>
    quantile(one.speech![buckets], q);
  const isCompared = isSpeaking && hearing.length === all.length;
  const hasCuts = hasVoice && all.every((one) => one.speech!.clear.counts.some((count) => count > 0));
  const found: Record<string, Measure> = {
    ...measures,
    CPU: of('µs/frame', 'lower', cpuUsPerFrame),
    'RSS per stream': of('KB', 'lower', (one) => (one.rssBytes - one.rssEmptyBytes) / one.load.streams / 1000),
    ...(isSpeaking && {
      'sent frames/s': of('', 'neither', (one) => one.framesHeard / one.seconds),
      'gaps heard': of('', 'lower', (one) => one.gaps),
      'margin p1': of('ms', 'higher', (one) => quantile(one.margin, 0.01)),
    }),
    ...(isCompared && {
      'CPU per frame sent': of('µs/frame', 'lower', (one, i) => cpuUsPerFrameSent(one, hearing[i]!)),
    }),
    ...(hasVoice && {
      underruns: of('', 'lower', (one) => one.speech!.underruns),
      'lateness p50': of('ms', 'lower', at('lateness', 0.5)),
      'lateness p99': of('ms', 'lower', at('lateness', 0.99)),
      'lead p50': of('ms', 'neither', at('lead', 0.5)),
      'voice CPU': of('cores', 'neither', (one) => one.speech!.voiceUs / usPerMs / 1000 / one.seconds),
    }),
    ...(hasCuts && {
      'clear p50': of('ms', 'lower', at('clear', 0.5)),
      'clear p99': of('ms', 'lower', at('clear', 0.99)),
    }),
  };
  const ordered = columns.flatMap((column) => (found[column] === undefined ? [] : [[column, found[column]] as const]));
  return { name, measures: Object.fromEntries(ordered), remarks };
}
