/**
 * `npm run soak:stamps -- --minutes 30 --calls 200`: calls whose timestamps wander, on a network that loses frames and stands still
 * again and again, and callers who pause. Once a second the account is looked at; in the end every recording must be as long as
 * its call, and its missing frames those that the simulator did not send.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordingName } from '../../src/base/recording-name.ts';
import { wavHeaderBytes } from '../../src/base/wav.ts';
import { deriveKey, uniformAt } from '../../src/simulator/random.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { StampPlan } from '../../src/simulator/stamping.ts';
import { audio, metadata, startMs } from '../decoder/messages.ts';
import { frameBytes, frameMs, frameOf, stamp } from '../decoder/stamp-schedules.ts';
import { AcsClient } from '../support/acs-client.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { IdentityWatch } from '../support/identity-watch.ts';
import { readToolFlags } from '../support/tool-flags.ts';

const usage = `Usage: npm run soak:stamps -- [--minutes N] [--calls N] [--seed N]

Calls with timestamps that are late, of a coarse clock, of one that drifts, and all of it; with losses, with stalls of the network
of 1 to 10 s, and calls with pauses. Ends with 1 if a recording is not what was sent.
`;
const { minutes, calls, seed } = readToolFlags(usage, { minutes: 30, calls: 200, seed: 1 }).values;
const durationMs = minutes * 60_000;
const rareShare = 0.04;

const regular = { stampJitterMs: 0, stampGridMs: 0, stampDriftPpm: 0 };
const kinds = [
  { ...regular, stampJitterMs: 40, participants: 1, stallMs: 2_000, stallEveryMs: 61_000 },
  { ...regular, stampGridMs: 15.625, participants: 0, stallMs: 5_000, stallEveryMs: 97_000 },
  { ...regular, stampDriftPpm: 400, participants: 1, stallMs: 10_000, stallEveryMs: 173_000 },
  { stampJitterMs: 30, stampGridMs: 10, stampDriftPpm: -200, participants: 0, stallMs: 1_000, stallEveryMs: 47_000 },
];

interface Expected {
  readonly name: string;
  readonly file: string;
  readonly frames: number;
  readonly missing: number;
  /** From the first frame to the end of the last one. */
  readonly lengthFrames: number;
  readonly wander: number;
}

const problems: string[] = [];
/** Recordings by how many frames too many are missing. */
const off = new Map<number, number>();
const folder = mkdtempSync(join(tmpdir(), 'acs-soak-stamps-'));
const gateway = await GatewayProcess.start('--sink', `wav:${folder}`);

async function simulated(kind: (typeof kinds)[number], index: number): Promise<Expected[]> {
  const { stallMs, stallEveryMs, ...rest } = kind;
  // A run shorter than that has one stall, in its middle.
  const stalls = stallEveryMs < durationMs ? { stallMs, stallEveryMs } : { stallMs };
  const report = await simulateCalls({
    ...rest,
    ...stalls,
    url: gateway.url,
    calls: Math.ceil(calls / kinds.length),
    durationMs,
    seed: seed + index,
    loss: 0.002,
    rampMs: 5_000,
  });
  if (!report.ok) problems.push(`kind ${index}: calls did not run to their end: ${JSON.stringify(report.calls)}`);
  return report.perCall.flatMap(({ callConnectionId, participants }) =>
    participants.map(({ id, frames, missingFrames }) => ({
      name: `kind ${index}, ${callConnectionId}`,
      file: join(folder, callConnectionId, recordingName(id)),
      frames,
      missing: missingFrames,
      lengthFrames: frames + missingFrames,
      wander: wanderFrames(kind),
    })),
  );
}

/** A participant who talks for some seconds, and then is not heard for some. */
async function pausing(number: number): Promise<Expected> {
  const call = `pausing-${number}`;
  const stamping = { ...regular, stampJitterMs: 30 };
  const key = deriveKey(seed, number, 0, 0);
  const plan = new StampPlan(seed, number, 0, stamping);
  const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': call });
  client.send(metadata({ subscriptionId: call }));
  const sinceMs = performance.now();
  const framesMax = durationMs / frameMs;
  let frames = 0;
  let last = 0;
  for (let at = 0, turn = 0; at < framesMax; turn++) {
    const talkEnd = Math.min(framesMax, at + 100 + Math.floor(900 * uniformAt(key, 2 * turn)));
    for (; at < talkEnd; at++) {
      if (at % 5 === 0) await sleep(Math.max(0, sinceMs + at * frameMs - performance.now()));
      const data = frameOf(at).toString('base64');
      client.send(audio({ data, timestamp: stamp(startMs + plan.at(at)), participantRawID: '8:acs:pausing' }));
      frames++;
      last = at;
    }
    at += 50 + Math.floor(2400 * uniformAt(key, 2 * turn + 1));
  }
  await client.hangUp();
  const file = join(folder, call, recordingName('8:acs:pausing'));
  return { name: call, file, frames, missing: 0, lengthFrames: last + 1, wander: wanderFrames(stamping) };
}

/** How far off it is when the first timestamp is as late as any, and the last one as early. */
function wanderFrames({ stampJitterMs, stampGridMs }: { stampJitterMs: number; stampGridMs: number }): number {
  return Math.ceil((stampJitterMs + stampGridMs) / frameMs);
}

/**
 * The file is as long as the timestamps say, to a frame and the wander of the first and the last one. Missing frames are those that were
 * not sent, but for a few: a single loss within wander as long as a frame cannot always be told, and a later one makes up for it.
 */
function judge({ name, file, frames, missing, lengthFrames, wander }: Expected): void {
  const note = JSON.parse(readFileSync(`${file}.json`, 'utf8'));
  const fileFrames = (statSync(`${file}.wav`).size - wavHeaderBytes) / frameBytes;
  const stampedFrames = (Date.parse(note.lastTimestamp) - Date.parse(note.firstTimestamp)) / frameMs + 1;
  const isRight =
    note.frames === frames &&
    note.duplicate + note.late + note.lapped + note.lost === 0 &&
    Math.abs(fileFrames - stampedFrames) <= wander + 1 &&
    Math.abs(note.missing - missing) <= 2 + missing * rareShare;
  off.set(note.missing - missing, (off.get(note.missing - missing) ?? 0) + 1);
  if (isRight) return;
  const found = { ...counts(note), fileFrames, stampedFrames };
  problems.push(`${name}: ${JSON.stringify(found)} instead of ${JSON.stringify({ frames, missing, lengthFrames })}`);
}

function counts({ frames, missing, duplicate, late, lapped, lost }: Record<string, number>): Record<string, unknown> {
  return { frames, missing, duplicate, late, lapped, lost };
}

try {
  const watch = new IdentityWatch(gateway, { rings: calls + 2 * kinds.length });
  watch.start();
  const pauses = Array.from({ length: kinds.length }, (_, number) => pausing(number));
  const expected = (await Promise.all([...kinds.map(simulated), ...pauses])).flat();
  watch.stop();
  for (const problem of watch.problems) problems.push(problem);
  const metrics = await gateway.metrics();
  const { code, last } = await gateway.drain();
  if (code !== 0 || last['unaccounted'] !== 0) problems.push(`the drain ended with ${code}: ${JSON.stringify(last)}`);
  for (const one of expected) judge(one);
  const sum = (count: 'frames' | 'missing') => expected.reduce((total, one) => total + one[count], 0);
  const spread = [...off].toSorted(([a], [b]) => a - b).map(([by, count]) => `${by}: ${count}`);
  console.log(
    `${expected.length} recordings, ${sum('frames')} frames sent, ${sum('missing')} not sent, ${watch.looks} looks at the account.\n` +
      `Missing in recordings, less those not sent: ${spread.join(', ')}. Gated ${metrics.get(`gated_seconds_total{sink="wav:${folder}"}`)} s, ` +
      `waited for lanes ${metrics.get('lane_wait_seconds_total{lane="0"}')} s.`,
  );
} finally {
  gateway.kill();
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.log(`NOT OK  ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
