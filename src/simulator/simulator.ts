/**
 * A run from its first dialling to its report: the composition root of the simulator, usable without the command line. Main
 * thread. Invariant: the promise resolves when no socket and no timer of the run is left, whatever the server does.
 */
import { performance } from 'node:perf_hooks';
import { TimerWheel } from '../base/timer-wheel.ts';
import { prepareAudio } from './audio.ts';
import type { Call } from './call.ts';
import type { CallContext } from './call-context.ts';
import { addCounts } from './expectation.ts';
import { HeardFiles } from './heard-files.ts';
import { Hearing } from './hearing.ts';
import { Line } from './line.ts';
import { TimestampWriter } from './message.ts';
import { completeOptions, type RunOptions, type SimulateOptions } from './options.ts';
import { Recordings, requireFolder } from './recordings.ts';
import { buildReport, type CallReport, perCallMax, reportCall, type SimulationReport } from './report.ts';
import { Tally } from './tally.ts';
import { streamCount } from './timeline.ts';

export interface Progress {
  readonly elapsedMs: number;
  readonly callsOpen: number;
  readonly audioFrames: number;
  /** Since the last progress. */
  readonly framesPerSecond: number;
  readonly lateP99Ms: number;
  readonly unsentFrames: number;
  readonly callsRefused: number;
  readonly callsFailed: number;
  readonly callsEndedEarly: number;
}

export interface SimulateHooks {
  /** Ends the run: calls are closed, the report says `interrupted`. */
  readonly stopped?: AbortSignal;
  /** Called once a second. */
  readonly onProgress?: (progress: Progress) => void;
}

const progressIntervalMs = 1000;

/** What may wait for a server that does not read: for one call, and for all of them together. */
const callBufferedBytesMax = 4 * 1024 * 1024;
const runBufferedBytesMax = 1024 * 1024 * 1024;
/** How long a server may take: to read what is left after the last frame, and to answer our close. */
const flushGraceMs = 10_000;
const closeGraceMs = 5000;

class Simulator {
  private readonly options: RunOptions;
  private readonly recordings: Recordings | null;
  private readonly hearing: Hearing;
  private readonly tally = new Tally();
  private readonly calls: CallReport[] = [];
  private readonly wheel: TimerWheel;
  private readonly lines: Line[] = [];
  private readonly startedAt = performance.now();
  private readonly cpuBefore = process.cpuUsage();
  private readonly finished = Promise.withResolvers<void>();
  private linesLeft: number;
  private interrupted = false;
  private unreachable: string | null = null;
  private reported = { at: this.startedAt, frames: 0 };

  constructor(options: RunOptions, recordings: Recordings | null, heardFiles: HeardFiles | null) {
    this.options = options;
    this.recordings = recordings;
    this.hearing = new Hearing(options, heardFiles);
    this.linesLeft = options.calls;
    this.wheel = new TimerWheel(() => performance.now());
  }

  async run(hooks: SimulateHooks): Promise<SimulationReport> {
    const onProgress = hooks.onProgress;
    const timer = onProgress && setInterval(() => onProgress(this.progress()), progressIntervalMs);
    const onAbort = () => {
      this.interrupted = true;
      this.stop();
    };
    hooks.stopped?.addEventListener('abort', onAbort);
    this.dial();
    if (hooks.stopped?.aborted) onAbort();
    await this.finished.promise;
    const totalMs = performance.now() - this.startedAt;
    const cpu = process.cpuUsage(this.cpuBefore);
    clearInterval(timer);
    hooks.stopped?.removeEventListener('abort', onAbort);
    this.wheel.stop();
    await this.recordings?.finished();
    return buildReport({
      options: this.options,
      tally: this.tally,
      hearing: this.hearing,
      calls: this.calls,
      interrupted: this.interrupted,
      unreachable: this.unreachable,
      saveError: this.recordings?.error ?? this.hearing.files?.error ?? null,
      totalMs,
      cpuMs: (cpu.user + cpu.system) / 1000,
    });
  }

  private dial(): void {
    const { calls, rampMs } = this.options;
    const context: CallContext = {
      options: this.options,
      wheel: this.wheel,
      clock: () => performance.now(),
      wallClock: () => Date.now(),
      begunAt: this.startedAt,
      tally: this.tally,
      timestamps: new TimestampWriter(),
      hearing: this.hearing,
      patience: {
        bufferedBytesMax: Math.min(callBufferedBytesMax, runBufferedBytesMax / calls),
        flushGraceMs,
        closeGraceMs,
      },
    };
    const events = {
      callEnded: (call: Call) => this.callEnded(call),
      lineEnded: () => {
        this.linesLeft--;
        if (this.linesLeft === 0) this.finished.resolve();
      },
    };
    const now = performance.now();
    for (let line = 0; line < calls; line++) {
      this.lines.push(new Line(line, now + (line * rampMs) / calls, context, events));
    }
  }

  private callEnded(call: Call): void {
    const tally = this.tally;
    for (const track of call.tracks) addCounts(tally.expected, track.sent.counts);
    if (call.number < perCallMax) this.calls.push(reportCall(call, this.options.sampleRate));
    this.recordings?.add(call);
    // The server has never answered: all other calls would say the same.
    if (call.outcome === 'failed' && tally.opened === 0 && tally.outcomes.refused === 0 && this.unreachable === null) {
      this.unreachable = [...tally.failed.keys()][0] ?? 'unknown';
      this.stop();
    }
  }

  private stop(): void {
    for (const line of this.lines) line.stop();
  }

  private progress(): Progress {
    const tally = this.tally;
    const now = performance.now();
    const { at, frames } = this.reported;
    this.reported = { at: now, frames: tally.audioFrames };
    return {
      elapsedMs: now - this.startedAt,
      callsOpen: tally.talking,
      audioFrames: tally.audioFrames,
      framesPerSecond: Math.round(((tally.audioFrames - frames) * 1000) / (now - at)),
      lateP99Ms: tally.lateness.quantile(0.99),
      unsentFrames: tally.unsentFrames,
      callsRefused: tally.outcomes.refused,
      callsFailed: tally.outcomes.failed,
      callsEndedEarly: tally.outcomes.ended_early,
    };
  }
}

/** Plays the calls. Throws `bad_settings` before anything is dialled; what the server does is never thrown but reported. */
export async function simulateCalls(options: SimulateOptions, hooks: SimulateHooks = {}): Promise<SimulationReport> {
  const complete = completeOptions(options);
  const recordings = complete.save === null ? null : await Recordings.open(complete.save, complete.sampleRate);
  if (complete.saveHeard !== null) await requireFolder('--save-heard', complete.saveHeard);
  const heardFiles = complete.saveHeard === null ? null : new HeardFiles(complete.saveHeard, complete.sampleRate);
  prepareAudio(complete.audio, complete.calls * streamCount(complete));
  return new Simulator(complete, recordings, heardFiles).run(hooks);
}
