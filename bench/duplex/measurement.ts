/** One measurement: what `bench:load` measures of a server that hears, and beside it what the calls hear of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { framesPerSecond as framesPerVoice } from '../../src/base/limits.ts';
import { type Buckets, between } from '../load/histogram.ts';
import {
  type Load,
  type Measurement,
  measureWindow,
  planOf,
  settle,
  type Timing,
  withBoth,
} from '../load/measurement.ts';
import { mismatches } from '../load/mismatch.ts';
import { readProcessStats } from '../load/process-stats.ts';
import type { Heard } from './hearing.ts';
import { HearingProcess } from './hearing-process.ts';
import type { DuplexKind, DuplexServer, Speech } from './server.ts';

export interface DuplexMeasurement extends Measurement {
  /** Frames that the calls heard in the window, as it was measured at their end; gaps in them. */
  readonly framesHeard: number;
  readonly gaps: number;
  readonly gapMs: number;
  readonly margin: Buckets;
  /** Null: it has no voice of its own. */
  readonly speech: Omit<Speech, 'digest'> | null;
  /** Of the process before any stream came. */
  readonly rssEmptyBytes: number;
}

interface Look {
  readonly heard: Heard;
  readonly speech: Speech | null;
}

const arrivalMs = 500;
const verifiedStreams = 20;
const verifiedMs = 1000;
const firstHeardMs = 30_000;
const pollMs = 50;

async function look(server: DuplexServer, generator: HearingProcess): Promise<Look> {
  const [heard, speech] = await Promise.all([generator.heard(), server.speech()]);
  return { heard, speech };
}

/** What is on its way arrives; then it is compared with what was sent. */
async function lost(
  server: DuplexServer,
  generator: HearingProcess,
  kind: DuplexKind,
  sent: number,
): Promise<string[]> {
  await server.hush();
  await sleep(arrivalMs);
  const { heard, speech } = await look(server, generator);
  const due = kind.mode === 'speaks' ? (speech?.framesSent ?? sent) : 0;
  return heard.frames === due ? [] : [`${due} frames sent into calls, ${heard.frames} heard`];
}

function speechBetween(from: Speech | null, to: Speech | null): Omit<Speech, 'digest'> | null {
  if (from === null || to === null) return null;
  return {
    framesSent: to.framesSent - from.framesSent,
    underruns: to.underruns - from.underruns,
    lateness: between(from.lateness, to.lateness),
    lead: between(from.lead, to.lead),
    clear: between(from.clear, to.clear),
    voiceUs: to.voiceUs - from.voiceUs,
  };
}

export function measureOnce(kind: DuplexKind, load: Load, timing: Timing): Promise<DuplexMeasurement> {
  const generate = () => new HearingProcess(false);
  return withBoth({ kind, generate, load, isVerified: false }, async (server, generator) => {
    const looks: Look[] = [];
    let found: string[] = [];
    const rssEmptyBytes = readProcessStats(server.pid).rssBytes;
    const measured = await measureWindow({
      server,
      generator,
      load,
      timing,
      look: async () => {
        looks.push(await look(server, generator));
      },
      settled: async () => {
        found = await lost(server, generator, kind, (await generator.report()).framesSent);
      },
    });
    const [from, to] = looks as [Look, Look];
    return {
      ...measured,
      mismatches: [...measured.mismatches, ...found],
      framesHeard: to.heard.frames - from.heard.frames,
      gaps: to.heard.gaps - from.heard.gaps,
      gapMs: to.heard.gapMs - from.heard.gapMs,
      margin: between(from.heard.margin, to.heard.margin),
      speech: speechBetween(from.speech, to.speech),
      rssEmptyBytes,
    };
  });
}

/** A busy machine takes its time. */
async function firstHeard(generator: HearingProcess): Promise<void> {
  const deadlineMs = performance.now() + firstHeardMs;
  while ((await generator.heard()).frames === 0 && performance.now() < deadlineMs) await sleep(pollMs);
}

/** Why what came out is not what went in, either way: byte for byte, of a few calls. */
export function verify(kind: DuplexKind, load: Load): Promise<string[]> {
  const streams = Math.min(verifiedStreams, load.streams);
  const framesPerSecond = streams * Math.max(1, load.participants) * framesPerVoice;
  const short: Load = { ...load, streams, framesPerSecond };
  const generate = () => new HearingProcess(true);
  return withBoth({ kind, generate, load: short, isVerified: true }, async (server, generator) => {
    await generator.connect(planOf(server, short));
    await generator.start();
    await sleep(verifiedMs);
    if (kind.mode === 'speaks') await firstHeard(generator);
    await generator.stop();
    const report = await generator.report();
    const found = mismatches(report, await settle(server, report.framesSent), short);
    found.push(...(await lost(server, generator, kind, report.framesSent)));
    const { heard, speech } = await look(server, generator);
    const digest = speech?.digest ?? report.digest;
    if (kind.mode === 'speaks') {
      if (heard.frames === 0) found.push('nothing was heard');
      if (heard.digest !== digest) found.push(`what was heard differs: its digest is ${heard.digest}, not ${digest}`);
    }
    await generator.close();
    return found;
  });
}
