/**
 * Plays captures against a server: every socket, message and close at its own time, at that time multiplied, or as fast as
 * the server takes them. Main thread. Pacing is absolute, so lateness never adds up. Invariant: the promise resolves when no
 * socket and no timer of the run is left, whatever the server does.
 */
import { endingOf, openingOf, recordKind } from '../capture/format.ts';
import type { ReplayOptions } from './replay-options.ts';
import { type ReplayReport, reportReplay } from './replay-report.ts';
import { ReplaySocket, type ReplayTally } from './replay-socket.ts';
import { type ReplayRecord, ReplaySource } from './replay-source.ts';
import type { SimulateHooks } from './simulator.ts';
import { Tally } from './tally.ts';

const callIdHeader = 'x-ms-call-connection-id';
/** What one socket may hold back before the others wait for it, and how long they do. */
const heldBytesMax = { paced: 4 * 1024 * 1024, unpaced: 1024 * 1024 } as const;
const stallMsMax = 10_000;
const stallPollMs = 2;
/** Then others of this thread have their turn: answers, closes, timers. */
const turnMsMax = 8;
const progressIntervalMs = 1000;

class Replay {
  private readonly options: ReplayOptions;
  private readonly source: ReplaySource;
  private readonly counts: ReplayTally;
  private readonly sockets = new Map<string, ReplaySocket>();
  /** Sockets whose end is being played, by call: the next one of the call waits for them. */
  private readonly closing = new Map<string, Set<ReplaySocket>>();
  private readonly callOf = new Map<ReplaySocket, string>();
  private readonly all = new Set<Promise<void>>();
  private readonly startedMs = performance.now();
  private readonly cpuBefore = process.cpuUsage();
  private readonly played = Promise.withResolvers<void>();
  private timer: NodeJS.Timeout | null = null;
  private stalledSince: number | null = null;
  private interrupted = false;
  private unreachable: string | null = null;
  /** What keeps it from being played to its end. */
  private failure: { readonly error: unknown } | null = null;
  /** Records of sockets whose beginning is not in the capture. */
  private orphans = 0;
  private reported = { at: this.startedMs, messages: 0 };

  constructor(options: ReplayOptions) {
    this.options = options;
    this.source = new ReplaySource(options.files);
    this.counts = {
      tally: new Tally(),
      messages: 0,
      binaryMessages: 0,
      unsentMessages: 0,
      closedDifferently: 0,
      isPaced: Number.isFinite(options.speed),
    };
  }

  async run({ stopped, onProgress }: SimulateHooks): Promise<ReplayReport> {
    const timer = onProgress && setInterval(() => onProgress(this.progress()), progressIntervalMs);
    const onAbort = () => {
      this.interrupted = true;
      this.stop();
    };
    stopped?.addEventListener('abort', onAbort);
    if (stopped?.aborted) onAbort();
    else this.play();
    await this.played.promise;
    // What the capture does not say the end of: it was cut off.
    for (const socket of this.sockets.values()) socket.finish({ code: 1000, cause: 'peer' });
    while (this.all.size > 0) await Promise.all(this.all);
    clearInterval(timer);
    stopped?.removeEventListener('abort', onAbort);
    if (this.failure !== null) {
      this.source.close();
      throw this.failure.error;
    }
    const cpu = process.cpuUsage(this.cpuBefore);
    const report = reportReplay({
      options: this.options,
      counts: this.counts,
      contents: this.source.contents(),
      orphans: this.orphans,
      interrupted: this.interrupted,
      unreachable: this.unreachable,
      totalMs: performance.now() - this.startedMs,
      cpuMs: (cpu.user + cpu.system) / 1000,
    });
    this.source.close();
    return report;
  }

  /** Called by a timer: what it throws would reach no caller. */
  private play(): void {
    this.timer = null;
    try {
      this.playDue();
    } catch (error) {
      this.failure = { error };
      this.stop();
    }
  }

  /** Plays what is due, then waits for the next. */
  private playDue(): void {
    const { speed } = this.options;
    const turnEndMs = performance.now() + turnMsMax;
    for (;;) {
      const next = this.source.peek();
      if (next === null) {
        this.played.resolve();
        return;
      }
      const nowMs = performance.now();
      const dueMs = this.startedMs + next.atMs / speed;
      const waitMs =
        dueMs > nowMs ? dueMs - nowMs : this.watchStall(next, nowMs) ? stallPollMs : nowMs > turnEndMs ? 0 : -1;
      if (waitMs >= 0) {
        this.timer = setTimeout(() => this.play(), waitMs);
        return;
      }
      this.source.take();
      this.playOne(next, dueMs);
    }
  }

  /** Whether the socket has to hand over what it has first. One that cannot is given up. */
  private watchStall({ socket: name }: ReplayRecord, nowMs: number): boolean {
    const socket = this.sockets.get(name);
    const most = this.counts.isPaced ? heldBytesMax.paced : heldBytesMax.unpaced;
    if (socket === undefined || socket.heldBytes <= most) {
      this.stalledSince = null;
      return false;
    }
    this.stalledSince ??= nowMs;
    if (nowMs - this.stalledSince > stallMsMax) socket.giveUp();
    return true;
  }

  private playOne({ record, socket: name }: ReplayRecord, dueMs: number): void {
    const { kind, body } = record;
    if (kind === recordKind.open) {
      this.open(name, openingOf(body).headers);
      return;
    }
    const isMessage = kind === recordKind.text || kind === recordKind.binary;
    const socket = this.sockets.get(name);
    if (socket === undefined) {
      if (isMessage) this.orphans++;
    } else if (isMessage) socket.message(body, kind === recordKind.binary, dueMs);
    else if (kind === recordKind.end) {
      const ending = endingOf(body);
      this.sockets.delete(name);
      if (ending.cause === 'peer') this.noteClosing(socket);
      socket.finish(ending);
    }
  }

  private open(name: string, captured: Readonly<Record<string, string>>): void {
    const { url, headers, insecure } = this.options;
    const call = captured[callIdHeader] ?? '';
    const socket = new ReplaySocket(this.counts);
    this.sockets.set(name, socket);
    this.callOf.set(socket, call);
    const over = socket.ended.then(() => {
      this.all.delete(over);
      this.callOf.delete(socket);
      this.socketEnded(socket);
    });
    this.all.add(over);
    const dial = () => socket.dial({ url, headers: { ...headers, ...captured }, insecure });
    // Two connections have no order between them: the server must have seen the end of the one before the other.
    const before = this.closing.get(call);
    if (before === undefined) dial();
    else void Promise.all(Array.from(before, ({ ended }) => ended)).then(dial);
  }

  private noteClosing(socket: ReplaySocket): void {
    const call = this.callOf.get(socket);
    if (call === undefined) return;
    const others = this.closing.get(call) ?? new Set();
    this.closing.set(call, others.add(socket));
    void socket.ended.then(() => {
      others.delete(socket);
      if (others.size === 0) this.closing.delete(call);
    });
  }

  private socketEnded(socket: ReplaySocket): void {
    const { tally } = this.counts;
    // The server has never answered: all others would say the same.
    if (
      socket.outcome === 'failed' &&
      tally.opened === 0 &&
      tally.outcomes.refused === 0 &&
      this.unreachable === null
    ) {
      this.unreachable = [...tally.failed.keys()][0] ?? 'unknown';
      this.stop();
    }
  }

  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.played.resolve();
    for (const socket of this.sockets.values()) socket.interrupt();
  }

  private progress() {
    const { tally, messages, unsentMessages } = this.counts;
    const now = performance.now();
    const { at, messages: before } = this.reported;
    this.reported = { at: now, messages };
    return {
      elapsedMs: now - this.startedMs,
      callsOpen: tally.talking,
      audioFrames: messages,
      framesPerSecond: Math.round(((messages - before) * 1000) / (now - at)),
      lateP99Ms: tally.lateness.quantile(0.99),
      unsentFrames: unsentMessages,
      callsRefused: tally.outcomes.refused,
      callsFailed: tally.outcomes.failed,
      callsEndedEarly: tally.outcomes.ended_early,
    };
  }
}

/**
 * Plays captures. Throws `bad_capture`: as a rule before anything is dialled, else when every socket is closed. What the
 * server does is never thrown but reported.
 */
export async function replayCaptures(options: ReplayOptions, hooks: SimulateHooks = {}): Promise<ReplayReport> {
  return new Replay(options).run(hooks);
}
