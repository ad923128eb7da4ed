/** What `bench:scaling` measures: one case is one row, measured once in each repetition. */
import { framesPerSecond as framesPerVoice } from '../../src/base/limits.ts';
import type { Case } from '../load/case.ts';
import { groupName, rowName } from '../load/labels.ts';
import { type Load, type Measurement, measureOnce, type Timing } from '../load/measurement.ts';
import { cpuUsPerFrame, rowOf } from '../load/rows.ts';
import type { ServerKind } from '../load/server.ts';
import { type MemoryMeasurement, measureMemory, memoryRow } from './memory.ts';

export interface CaseOptions {
  readonly kind: ServerKind;
  readonly timing: Timing;
  readonly sampleRate: number;
}

function loadCase(name: string, load: Load, { kind, timing }: CaseOptions): Case {
  const all: Measurement[] = [];
  return {
    name,
    measure: async () => {
      const one = await measureOnce(kind, load, timing);
      all.push(one);
      return `${cpuUsPerFrame(one).toFixed(2)} µs/frame`;
    },
    row: () => rowOf(name, all),
    mismatches: () => all.flatMap((one) => one.mismatches),
  };
}

function memoryCase(name: string, load: Load, { kind, timing }: CaseOptions): Case {
  const all: MemoryMeasurement[] = [];
  return {
    name,
    measure: async () => {
      const one = await measureMemory(kind, load, timing);
      all.push(one);
      return `${((one.fullBytes - one.emptyBytes) / one.streams / 1000).toFixed(1)} KB/stream`;
    },
    row: () => memoryRow(name, all),
    mismatches: () => all.flatMap((one) => one.mismatches),
  };
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export function streamsName(framesPerSecond: number, streams: number, label = ''): string {
  const group = ['Streams', groupName(framesPerSecond), label].filter((text) => text !== '').join(', ');
  return rowName(group, `${grouped(streams)} streams`);
}

/** More frames than a ring holds by default. */
const ringFrames = 110;

/**
 * A warm-up in which every ring comes round once: until then a frame also pays for the first touch of its memory, which is
 * the price of a call's beginning and not of a frame.
 */
export function fullRings({ warmUpSeconds, ...timing }: Timing, framesPerSecond: number, streams: number): Timing {
  return { ...timing, warmUpSeconds: Math.max(warmUpSeconds, (ringFrames * streams) / framesPerSecond) };
}

/** The same total rate, spread over ever more streams. A label says when it is not the gateway that is measured. */
export function streamsCase(framesPerSecond: number, streams: number, options: CaseOptions, label = ''): Case {
  const load: Load = { streams, framesPerSecond, participants: 1, sampleRate: options.sampleRate };
  const timing = fullRings(options.timing, framesPerSecond, streams);
  return loadCase(streamsName(framesPerSecond, streams, label), load, { ...options, timing });
}

/** The same total rate and the same number of voices, 50 frames per second each, with ever more of them in a stream. */
export function participantsCase(framesPerSecond: number, participants: number, options: CaseOptions): Case {
  const streams = Math.max(1, Math.round(framesPerSecond / framesPerVoice / participants));
  const name = rowName(`Participants, ${groupName(framesPerSecond)}`, `${participants} per stream`);
  return loadCase(name, { streams, framesPerSecond, participants, sampleRate: options.sampleRate }, options);
}

const memoryGroup = 'Memory';
/** Its row, whatever the number of streams is. */
export const idleEnding = 'connected and idle';

export function idleCase(streams: number, options: CaseOptions): Case {
  const load: Load = { streams, framesPerSecond: 0, participants: 1, sampleRate: options.sampleRate };
  return memoryCase(rowName(memoryGroup, `${grouped(streams)} streams, ${idleEnding}`), load, options);
}

/** At the pace of a call, so that the history of each is full. */
export function activeCase(streams: number, options: CaseOptions): Case {
  const load: Load = {
    streams,
    framesPerSecond: streams * framesPerVoice,
    participants: 1,
    sampleRate: options.sampleRate,
  };
  return memoryCase(rowName(memoryGroup, `${grouped(streams)} streams, active`), load, options);
}
