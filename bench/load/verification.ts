/** Before anything is timed: does a server decode what was sent, byte for byte? Costs CPU, so it is a run of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { framesPerSecond as framesPerVoice } from '../../src/base/limits.ts';
import { type Load, planOf, settle, withServer } from './measurement.ts';
import { mismatches } from './mismatch.ts';
import type { ServerKind } from './server.ts';

const streamsMax = 20;
const sendMs = 1000;

/** Why what came out is not what went in; empty when it is. A server that decodes nothing is only asked for its counts. */
export async function verify(kind: ServerKind, load: Load): Promise<string[]> {
  const streams = Math.min(streamsMax, load.streams);
  const framesPerSecond = streams * Math.max(1, load.participants) * framesPerVoice;
  const short: Load = { ...load, streams, framesPerSecond };
  let told: number | null = null;
  let written: () => number | null = () => null;
  const { sent, found } = await withServer(kind, short, true, async (server, generator) => {
    await generator.connect(planOf(server, short));
    await generator.start();
    await sleep(sendMs);
    await generator.stop();
    const report = await generator.report();
    const counts = await settle(server, report.framesSent);
    await generator.close();
    told = counts.digest;
    written = () => server.digestWritten();
    return { sent: report, found: mismatches(report, counts, short) };
  });
  if (sent.framesSent === 0) found.push('nothing was sent');
  if (!kind.isDecoding) return found;
  const digest = told ?? written();
  if (digest !== sent.digest) found.push(`the PCM differs: its digest is ${digest} instead of ${sent.digest}`);
  return found;
}

/** Returns whether every server decodes what it is sent; says of each that does not why. */
export async function verifyAll(kinds: readonly ServerKind[], load: Load): Promise<boolean> {
  let isCorrect = true;
  for (const kind of kinds) {
    const found = await verify(kind, load);
    for (const mismatch of found) console.error(`${kind.label}: ${mismatch}`);
    isCorrect &&= found.length === 0;
  }
  return isCorrect;
}
