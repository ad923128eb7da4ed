/**
 * Calls that a program speaks into, that interrupt, hang up, break off and come back, and stand still, while it loses a decode
 * worker and drains. What the simulator has heard is held against what was said: every frame of it, in order, once; and the account
 * of speech against itself, all the time.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wavHeaderBytes } from '../../src/base/wav.ts';
import type { SpeakerCounts } from '../../src/playback/spoken-utterances.ts';
import type { SimulateOptions } from '../../src/simulator/options.ts';
import type { CallReport, SimulationReport } from '../../src/simulator/report.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { faultMessage } from '../decoder/faulty-decoder.ts';
import { AcsClient } from '../support/acs-client.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import { readSaid, type SaidFrame } from '../support/said.ts';
import type { Spoken } from '../support/speaking-gateway.worker.ts';
import { type Outcome, openFiles, residentMib, settle } from './arena.ts';
import { SpeechWatch } from './speech-watch.ts';

export const speechName = 'calls that are spoken into interrupt, hang up, come back and stand still';

export interface SpeechSize {
  readonly calls: number;
  readonly durationMs: number;
}

const program = new URL('../support/speaking-gateway.ts', import.meta.url).pathname;
const faultyDecoder = new URL('../decoder/faulty-decoder.ts', import.meta.url).href;
const frameSamples = 320;

/** What calls do beside being spoken to: a quarter of them each. */
const kinds: Record<string, (size: SpeechSize) => Partial<SimulateOptions>> = {
  quiet: () => ({}),
  hangUp: ({ calls, durationMs }) => ({ churn: calls / 4 / (durationMs / 2_000) }),
  comeBack: () => ({ reconnectEveryMs: 1_700 }),
  standStill: () => ({ stallMs: 1_600, stallEveryMs: 3_500 }),
};

interface Round {
  readonly kind: string;
  readonly report: SimulationReport;
}

/** Calls of each kind at once. */
function play(gateway: GatewayProcess, size: SpeechSize, seed: number, folder: string): Promise<Round[]> {
  return Promise.all(
    Object.entries(kinds).map(async ([kind, options], n) => {
      const calls = size.calls / 4;
      const all = { url: gateway.url, calls, durationMs: size.durationMs, seed: seed + n, rampMs: 10 * size.calls };
      return { kind, report: await simulateCalls({ ...all, ...options(size), saveHeard: folder }) };
    }),
  );
}

/** Nothing of a call that was only silenced, or spoken to when it had hung up. */
function said(call: CallReport, name: string): SaidFrame[] {
  if (call.heard!.folder === null) return [];
  return readSaid(readFileSync(join(call.heard!.folder, name)).subarray(wavHeaderBytes));
}

/** What was sent into one call: in order, once, whole, and nothing of what was cut off before. */
function disorder(frames: readonly SaidFrame[], holesMax: number): string | null {
  let holes = 0;
  for (let i = 0; i < frames.length; i++) {
    const [before, { utterance, frame }] = [frames[i - 1] ?? { utterance: 0, frame: 0 }, frames[i]!];
    const isNext = utterance === before.utterance && frame === before.frame + 1;
    const isNew = utterance > before.utterance && frame === 0;
    if (isNext || isNew) continue;
    const place = `${utterance}.${frame} after ${before.utterance}.${before.frame}`;
    if (utterance < before.utterance || (utterance === before.utterance && frame <= before.frame)) return place;
    holes++;
    if (holes > holesMax) return `a hole: ${place}`;
  }
  return null;
}

/** What is wrong with what one call has heard. */
function complaints(
  kind: string,
  call: CallReport,
  played: readonly Spoken[],
  account: SpeakerCounts | undefined,
  durationMs: number,
): string[] {
  // It was never taken.
  if (account === undefined) return played.length > 0 ? ['there is no record of it'] : [];
  const wasBroken = kind === 'comeBack' || call.outcome !== 'completed';
  if (call.heard === null) return wasBroken || account.sent === 0 ? [] : ['it has heard nothing'];
  const problems: string[] = [];
  const { frames, broken, otherRateMessages } = call.heard;
  const disordered = disorder(said(call, 'received.wav'), wasBroken ? Math.ceil(durationMs / 1_700) : 0);
  if (disordered !== null) problems.push(disordered);
  if (Object.values(broken).some((count) => count > 0) || otherRateMessages > 0) problems.push('broken messages');
  const { written, sent, cleared, discarded, queued } = account;
  if (queued !== 0 || written !== sent + cleared + discarded) problems.push(`its account: ${JSON.stringify(account)}`);
  const lost = sent - frames.received;
  // What a dead socket had taken is lost, and no more than the lead each time.
  if (lost < 0 || (lost > 0 && !wasBroken)) problems.push(`${sent} frames sent, ${frames.received} received`);
  const whole = (samples: number) => samples / frameSamples;
  const least = played.reduce((sum, { taken }) => sum + Math.floor(whole(taken)), 0);
  const most = played.reduce((sum, { taken }) => sum + Math.ceil(whole(taken)), 0);
  if (written < least || written > most) problems.push(`${written} frames written, of ${least} to ${most} taken`);
  const tooLate = frames.unplayed + frames.afterHangUp + frames.cleared;
  return [...problems, ...heardOtherwise(said(call, 'heard.wav'), played, tooLate, wasBroken)];
}

/**
 * Whether each utterance was heard from its beginning, and to its end unless it was cut off.
 * @param tooLate frames that came, but so late that the call had hung up, or that the next cut caught them: how long the network
 *   takes, and a peer that stands still, the gateway cannot know when it says that they were played
 */
function heardOtherwise(
  heard: readonly SaidFrame[],
  played: readonly Spoken[],
  tooLate: number,
  wasBroken: boolean,
): string[] {
  const count = new Map<number, number>();
  const problems: string[] = [];
  let missing = 0;
  for (const { utterance, frame } of heard) {
    const before = count.get(utterance) ?? 0;
    if (frame !== before && !wasBroken) problems.push(`${utterance}.${frame} was heard after ${before} frames`);
    count.set(utterance, frame + 1);
  }
  for (const { number, taken, state, isCleared } of played) {
    const frames = Math.ceil(taken / frameSamples);
    const heardFrames = count.get(number) ?? 0;
    if (heardFrames > frames) problems.push(`${heardFrames} of ${frames} frames of utterance ${number} were heard`);
    if (wasBroken || isCleared || state !== 'ended' || heardFrames === frames) continue;
    missing += frames - heardFrames;
    if (missing > tooLate) {
      problems.push(`of utterance ${number} ${heardFrames} of ${frames} frames were heard; ${tooLate} were too late`);
    }
  }
  return problems;
}

function judge(gateway: GatewayProcess, rounds: readonly Round[], size: SpeechSize, problems: Set<string>): number {
  const spoken = gateway.log.filter(({ msg }) => msg === 'utterance') as unknown as Spoken[];
  const ended = gateway.log.filter(({ msg }) => msg === 'stream ended');
  let heard = 0;
  for (const { kind, report } of rounds) {
    for (const call of report.perCall) {
      const played = spoken.filter(({ call: id }) => id === call.callConnectionId);
      const record = ended.find(({ callConnectionId }) => callConnectionId === call.callConnectionId);
      const account = record?.['playback'] as SpeakerCounts | undefined;
      for (const problem of complaints(kind, call, played, account, size.durationMs)) {
        problems.add(`a call of the kind ${kind}, ${call.outcome}: ${problem}`);
      }
      heard += call.heard?.frames.heard ?? 0;
    }
  }
  return heard;
}

async function loseWorker(gateway: GatewayProcess): Promise<void> {
  const saboteur = await AcsClient.connect(gateway.url);
  saboteur.send(faultMessage('exit'));
  await sleep(500);
  await saboteur.hangUp();
}

export async function runSpeech(size: SpeechSize): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'acs-speech-'));
  const env = { NODE_OPTIONS: nodeOptions(faultyDecoder) };
  const flags = ['--speech', 'scene', '--clears', '0.5', '--workers', '2', '--drain-timeout-ms', '3000'];
  const gateway = await GatewayProcess.startWith({ env, program }, ...flags, '--resume-grace-ms', '5000');
  const problems = new Set<string>();
  const check = (isRight: boolean, problem: string) => {
    if (!isRight) problems.add(problem);
  };
  try {
    const isEmpty = async () => {
      const metrics = await gateway.metrics();
      return metrics.get('ring_memory_bytes') === 0 && (await gateway.streams()).length === 0;
    };
    await play(gateway, size, 100, folder);
    check(await settle(isEmpty, 20_000), 'rings or streams are left of the first round');
    const before = { files: openFiles(gateway.pid), mib: residentMib(gateway.pid) };

    const watch = new SpeechWatch(gateway);
    watch.start();
    const first = play(gateway, size, 200, folder);
    await sleep(size.durationMs / 2);
    await loseWorker(gateway);
    const rounds = await first;
    check(await settle(isEmpty, 20_000), 'rings or streams are left');
    await settle(async () => openFiles(gateway.pid) <= before.files, 5_000);
    const after = { files: openFiles(gateway.pid), mib: residentMib(gateway.pid), metrics: await gateway.metrics() };
    check(after.files <= before.files, `file descriptors: ${before.files} before, ${after.files} after`);
    // As of a gateway that only receives.
    const mibMax = 1.1 * before.mib + 14;
    check(after.mib < mibMax, `memory: ${before.mib.toFixed(0)} MiB before, ${after.mib.toFixed(0)} after`);
    check(after.metrics.get('playback_memory_bytes') === 0, 'memory of speech is held for nobody');
    check(after.metrics.get('playback_queued_seconds') === 0, 'speech is queued for nobody');

    const second = play(gateway, size, 300, folder);
    await sleep(size.durationMs / 2);
    const { code, last } = await gateway.drain();
    rounds.push(...(await second));
    await watch.stop();
    for (const problem of watch.problems) problems.add(problem);
    check(watch.looks > 10, `the account was looked at ${watch.looks} times`);
    check(code === 0 && last.msg === 'drained', `the drain ended with ${code}: ${JSON.stringify(last)}`);
    check(last['conversations'] === 0, `${last['conversations']} threads wait for an utterance for ever`);
    const heard = judge(gateway, rounds, size, problems);
    const dialled = rounds.reduce((sum, { report }) => sum + report.calls.dialled, 0);
    const refused = rounds.reduce((sum, { report }) => sum + report.calls.refused, 0);
    check(refused < dialled / 2, `${refused} of ${dialled} calls were refused`);
    const figure = (name: string) => after.metrics.get(name)!;
    const facts =
      `${dialled} calls, ${refused} refused, ${Math.round(heard)} frames heard, ${figure('playback_clears_total')} interruptions, ` +
      `${figure('playback_stalls_total')} stalls, ${figure('stream_resumes_total') ?? 0} resumes, ${watch.looks} looks at the account, ` +
      `files ${before.files} -> ${after.files}, ${before.mib.toFixed(0)} -> ${after.mib.toFixed(0)} MiB`;
    return { problems: [...problems], facts };
  } finally {
    await gateway.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
