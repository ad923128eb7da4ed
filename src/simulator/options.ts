/**
 * What a run is asked to do. Pure; any thread. Defaults stand in one frozen object; options become a complete, checked set
 * once, at the edge. Invariant: a `RunOptions` has every value, and they do not contradict each other.
 */
import { GatewayError } from '../base/errors.ts';
import { frameDurationMs, type SampleRate, sampleRates } from '../base/limits.ts';
import { headerProblems, urlProblem } from './address.ts';
import { type AudioSource, syntheticAudio } from './audio.ts';
import { churnPerCallMax } from './churn.ts';
import { echoAudio } from './echo-signal.ts';
import type { Impairments } from './plan.ts';
import { type Stalling, stallProblem } from './stall.ts';
import type { Stamping } from './stamping.ts';

export interface SimulateOptions extends Partial<Impairments>, Partial<Stamping>, Partial<Stalling> {
  /** `ws://` or `wss://`, as a call application would give it to ACS. */
  readonly url: string;
  /** Calls at the same time, 1 to 20,000; default 1. */
  readonly calls?: number;
  /** Participants of each call, up to 64; 0, the default, is the mixed stream. */
  readonly participants?: number;
  /** Samples per second, 16,000 or 24,000; default 16,000. */
  readonly sampleRate?: SampleRate;
  /** How long each call lasts, in ms, to 20 ms; default 10,000. With churn, each call and those that replace it together. */
  readonly durationMs?: number;
  /** All ids, voices and impairments follow from it: an integer below 2^32; default 1. Two runs at once need different ones. */
  readonly seed?: number;
  /** What is said; null, the default: synthetic voices. */
  readonly audio?: AudioSource | null;
  /** Calls hung up and replaced per second, at most 5 for each call; default 0. */
  readonly churn?: number;
  /** Sent with every upgrade, beside ACS's own; values by name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | null;
  /** Accept a certificate that no authority has signed. */
  readonly insecure?: boolean;
  /** The time over which the connections are opened, in ms; default 2 for each call, 2,000 at most. */
  readonly rampMs?: number | null;
  /** The folder for what a perfect recorder must end up with; null, the default: none. */
  readonly save?: string | null;
  /** The folder for what the server said into the calls; null, the default: none. */
  readonly saveHeard?: string | null;
  /** Answer marks, as a beta of ACS does; default false. */
  readonly marks?: boolean;
  /** Callers speak two seconds, listen, and speak over each answer so many ms after it is first heard; 0, the default: they speak all the time. */
  readonly bargeInMs?: number;
  /** Calls say bursts of noise, which are looked for in what they hear; default false. */
  readonly echoTest?: boolean;
  /** Each connection breaks off after so many ms and is dialled again for the same subscription; 0, the default: never. */
  readonly reconnectEveryMs?: number;
}

/** What a run consists of, without where it goes: enough to know every byte that is sent but the timestamps. */
export interface RunShape extends Impairments, Stamping, Stalling {
  readonly calls: number;
  readonly participants: number;
  readonly sampleRate: SampleRate;
  /** Frames of each call, or, with churn, of each call and those that replace it together. */
  readonly frameCount: number;
  readonly seed: number;
  readonly churn: number;
  readonly audio: AudioSource;
  readonly bargeInMs: number;
  readonly echoTest: boolean;
}

export interface RunOptions extends RunShape {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly rampMs: number;
  readonly save: string | null;
  readonly saveHeard: string | null;
  readonly marks: boolean;
  readonly reconnectEveryMs: number;
  /** The audio is the built-in one. */
  readonly synthetic: boolean;
}

export const defaults = Object.freeze({
  calls: 1,
  participants: 0,
  sampleRate: 16_000,
  durationMs: 10_000,
  seed: 1,
  silence: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  malformed: 0,
  jitterMs: 0,
  stampJitterMs: 0,
  stampGridMs: 0,
  stampDriftPpm: 0,
  stallMs: 0,
  stallEveryMs: 0,
  churn: 0,
  bargeInMs: 0,
  reconnectEveryMs: 0,
} as const);

/** The ranges of the numbers. Each call costs a socket here and at the server, each participant one bit a frame. */
export const ranges = Object.freeze({
  calls: { min: 1, max: 20_000 },
  participants: { min: 0, max: 64 },
  durationMs: { min: frameDurationMs, max: 7 * 86_400_000 },
  seed: { min: 0, max: 0xffff_ffff },
  jitterMs: { min: 0, max: 10_000 },
  stampJitterMs: { min: 0, max: 1000 },
  stampGridMs: { min: 0, max: 1000 },
  stampDriftPpm: { min: -10_000, max: 10_000 },
  stallMs: { min: 0, max: 60_000 },
  stallEveryMs: { min: 0, max: 86_400_000 },
  churn: { min: 0, max: 10_000 },
  bargeInMs: { min: 0, max: 60_000 },
  rampMs: { min: 0, max: 3_600_000 },
  reconnectEveryMs: { min: 0, max: 86_400_000 },
} as const);

/** Opening 500 connections a second is quick and does not overrun a listen queue. */
function defaultRampMs(calls: number): number {
  return Math.min(2000, calls * 2);
}

function shapeProblems(options: Omit<SimulateOptions, 'url'>): string[] {
  const problems: string[] = [];
  for (const [name, { min, max }] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value === undefined || value === null) continue;
    const whole = name === 'calls' || name === 'participants' || name === 'seed';
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      problems.push(`${name} ${value}: expected ${whole ? 'an integer' : 'a number'} from ${min} to ${max}`);
    }
  }
  for (const name of ['silence', 'loss', 'duplicate', 'reorder', 'malformed'] as const) {
    const value = options[name] ?? 0;
    if (!(value >= 0 && value <= 1)) problems.push(`${name} ${value}: expected a number from 0 to 1`);
  }
  if (options.sampleRate !== undefined && !sampleRates.includes(options.sampleRate)) {
    problems.push(`sampleRate ${options.sampleRate}: expected one of ${sampleRates.join(', ')}`);
  }
  const calls = options.calls ?? defaults.calls;
  const stalling = { stallMs: options.stallMs ?? 0, stallEveryMs: options.stallEveryMs ?? 0 };
  const stalled = stallProblem(stalling, options.durationMs ?? defaults.durationMs);
  if (stalled !== null) problems.push(stalled);
  problems.push(...callerProblems(options));
  if ((options.churn ?? 0) > calls * churnPerCallMax) problems.push(churnProblem(options.churn ?? 0, calls));
  return problems;
}

/** What a caller cannot do at the same time. */
export function callerProblems(options: CallerOptions): string[] {
  const { bargeInMs = 0, echoTest = false, audio = null, save = null } = options;
  const problems: string[] = [];
  if (echoTest && audio !== null) problems.push('echo-test: it has audio of its own; leave audio out');
  if (echoTest && bargeInMs > 0)
    problems.push('echo-test: its bursts interrupt nobody; leave barge-in out, or run both in turn');
  if (bargeInMs > 0 && save !== null) {
    problems.push(
      'barge-in: what is said depends on the server, so nothing can be saved to compare with; leave save out',
    );
  }
  return problems;
}

type CallerOptions = {
  readonly bargeInMs?: number;
  readonly echoTest?: boolean;
  readonly audio?: unknown;
  readonly save?: unknown;
};

/** The contradiction of more churn than the calls can bear, with its remedy. */
export function churnProblem(churn: number, calls: number): string {
  const most = `${calls} calls can be replaced ${calls * churnPerCallMax} times a second at most`;
  return `churn ${churn}: ${most}; ask for ${Math.ceil(churn / churnPerCallMax)} calls or more, or for less churn`;
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new GatewayError('bad_settings', problems.join('\n'));
}

/** What is sent, completed with defaults. Throws `bad_settings`. */
export function completeShape(options: Omit<SimulateOptions, 'url'>): RunShape {
  refuse(shapeProblems(options));
  const sampleRate = options.sampleRate ?? defaults.sampleRate;
  const seed = options.seed ?? defaults.seed;
  const participants = options.participants ?? defaults.participants;
  const echoTest = options.echoTest ?? false;
  const ownAudio = () =>
    echoTest ? echoAudio(sampleRate, Math.max(1, participants)) : syntheticAudio(seed, sampleRate);
  return {
    calls: options.calls ?? defaults.calls,
    participants,
    sampleRate,
    frameCount: Math.max(1, Math.round((options.durationMs ?? defaults.durationMs) / frameDurationMs)),
    seed,
    churn: options.churn ?? defaults.churn,
    audio: options.audio ?? ownAudio(),
    bargeInMs: options.bargeInMs ?? defaults.bargeInMs,
    echoTest,
    silence: options.silence ?? defaults.silence,
    loss: options.loss ?? defaults.loss,
    duplicate: options.duplicate ?? defaults.duplicate,
    reorder: options.reorder ?? defaults.reorder,
    malformed: options.malformed ?? defaults.malformed,
    jitterMs: options.jitterMs ?? defaults.jitterMs,
    stampJitterMs: options.stampJitterMs ?? defaults.stampJitterMs,
    stampGridMs: options.stampGridMs ?? defaults.stampGridMs,
    stampDriftPpm: options.stampDriftPpm ?? defaults.stampDriftPpm,
    stallMs: options.stallMs ?? defaults.stallMs,
    stallEveryMs: options.stallEveryMs ?? defaults.stallEveryMs,
  };
}

/** Throws `bad_settings`, with a line for every problem. */
export function completeOptions(options: SimulateOptions): RunOptions {
  const token = options.token ?? null;
  const headers = options.headers ?? {};
  const problem = urlProblem(options.url);
  refuse([
    ...(problem === null ? [] : [`url: ${problem}`]),
    ...shapeProblems(options),
    ...headerProblems(headers, token),
  ]);
  const shape = completeShape(options);
  return {
    ...shape,
    url: options.url,
    headers: token === null ? headers : { ...headers, Authorization: `Bearer ${token}` },
    insecure: options.insecure ?? false,
    rampMs: options.rampMs ?? defaultRampMs(shape.calls),
    save: options.save ?? null,
    saveHeard: options.saveHeard ?? null,
    marks: options.marks ?? false,
    reconnectEveryMs: options.reconnectEveryMs ?? defaults.reconnectEveryMs,
    synthetic: (options.audio ?? null) === null,
  };
}
