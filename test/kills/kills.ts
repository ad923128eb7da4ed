/**
 * Decode workers that are killed at random moments under load, again and again: real threads, lanes and streams. Each frame
 * that is read is held against what was sent, the account against both, at every turn of the event loop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { DecoderPool } from '../../src/decoder/pool.ts';
import { Lane } from '../../src/lane/lane.ts';
import { control, lane as laneLayout, note } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { laneReserveBytes, ringSlotCount } from '../../src/memory/sizes.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { account, sumLanes, unaccounted } from '../../src/stream/accounting.ts';
import type { EndedStream } from '../../src/stream/ended-stream.ts';
import { StreamRegistry } from '../../src/stream/registry.ts';
import type { Stream } from '../../src/stream/stream.ts';
import { nobody } from '../../src/stream/stream-observer.ts';
import { Totals } from '../../src/stream/totals.ts';
import { generator } from '../support/seed.ts';
import { Peer } from './peer.ts';
import { Reader } from './reader.ts';

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly workers: number;
  readonly onProgress?: (report: KillReport) => void;
}

export interface KillReport {
  /** Workers that were killed while they had a lane; of those, with a record in hand, and with it half-done. */
  kills: number;
  inHand: number;
  halfDone: number;
  streams: number;
  messages: number;
  committed: number;
  lost: number;
  frames: number;
  /** How often the account was looked at while everything ran. */
  looks: number;
  problems: string[];
}

const streamCount = 24;
const flushIntervalMs = 2;
const backlogBytes = 150_000;
const deadlineMs = 120_000;

export async function runKills(options: KillOptions): Promise<KillReport> {
  const run = new KillRun(options);
  try {
    await run.run();
  } finally {
    await run.stop();
  }
  return run.report;
}

class KillRun {
  readonly report: KillReport = {
    kills: 0,
    inHand: 0,
    halfDone: 0,
    streams: 0,
    messages: 0,
    committed: 0,
    lost: 0,
    frames: 0,
    looks: 0,
    problems: [],
  };
  private readonly options: KillOptions;
  private readonly random: () => number;
  private readonly memory: SharedMemory;
  private readonly totals = new Totals();
  private readonly pool: DecoderPool;
  private readonly lanes: readonly Lane[];
  private readonly registry: StreamRegistry;
  private readonly peers = new Map<string, Peer>();
  private readonly readers: Reader[] = [];
  private readonly started = Promise.withResolvers<void>();
  private framesRead = 0;
  private pcmBytesRead = 0;
  private progressMs = performance.now();

  constructor(options: KillOptions) {
    const { workers, seed } = options;
    this.options = options;
    this.random = generator(seed);
    this.memory = SharedMemory.create({
      ringCount: 100,
      ringSlotCount: ringSlotCount(8),
      streamCount,
      participantsMax: 8,
      laneCount: workers,
      laneHalfBytes: 400_000 + laneReserveBytes(streamCount),
    });
    process.on('worker', this.watch);
    this.pool = new DecoderPool({
      memory: this.memory,
      decoder: 'scan',
      flushIntervalMs,
      onReport: () => {},
      onDegraded: () => {},
      onFailed: () => {},
    });
    this.lanes = Array.from({ length: workers }, (_, index) => this.createLane(index));
    this.registry = new StreamRegistry({
      memory: this.memory,
      lanes: this.lanes,
      totals: this.totals,
      observers: {
        ...nobody,
        readers: ['test'],
        started: (stream, participant) => {
          this.readers.push(new Reader(this.memory, this.peers.get(stream.id)!, participant));
        },
      },
      streamsMax: streamCount,
      messagesPerSecondMax: 1e9,
      lingerMs: deadlineMs,
      resumeGraceMs: 0,
      onDecoded: () => {},
      onEnded: (record) => this.ended(record),
    });
  }

  async run(): Promise<void> {
    await this.pool.start();
    this.started.resolve();
    while (this.report.kills < this.options.kills && this.report.problems.length === 0) {
      while (!this.registry.isFull) this.open();
      this.send();
      await this.turn();
    }
    for (const { stream } of this.peers.values()) if (stream.phase === 'open') this.close(stream);
    while (this.registry.all.length > 0 && this.report.problems.length === 0) await this.turn();
    await this.registry.empty();
    this.judge();
  }

  async stop(): Promise<void> {
    process.off('worker', this.watch);
    for (const lane of this.lanes) lane.stop();
    await this.pool.stop();
  }

  /** Kills each worker at some moment: most of them soon after they began, some when their code is compiled. */
  private readonly watch = (worker: Worker) => {
    worker.once('message', () => void this.started.promise.then(() => this.killSoon(worker)));
  };

  private killSoon(worker: Worker): void {
    const delayMs = this.random() * (this.random() < 0.7 ? 20 : 300);
    setTimeout(() => {
      for (const untilMs = performance.now() + this.random() * 2; performance.now() < untilMs; );
      if (this.report.kills < this.options.kills) void worker.terminate();
    }, delayMs);
  }

  private createLane(index: number): Lane {
    return new Lane({
      memory: this.memory,
      index,
      flushIntervalMs,
      work: async (laneIndex, onChanges) => {
        try {
          await this.pool.work(laneIndex, onChanges);
        } catch (error) {
          this.killed(laneIndex);
          throw error;
        }
      },
      onChanges: ({ streams, faults }) => {
        this.registry.changed(streams);
        for (const fault of faults) this.problem(`a fault in a record: ${fault}`);
      },
      onWorkerLost: () => {
        this.look();
        this.registry.changedInLane(index);
      },
    });
  }

  private killed(laneIndex: number): void {
    const { i32 } = this.memory.lanes[laneIndex]!;
    this.report.kills++;
    if (i32[laneLayout.begun / 4] !== i32[laneLayout.done / 4]) {
      this.report.inHand++;
      if (i32[(laneLayout.note + note.state) / 4] !== 0) this.report.halfDone++;
    }
    this.look();
    if (this.report.kills % 100 === 0) this.options.onProgress?.(this.report);
  }

  private open(): void {
    const facts = { remoteAddress: '', callConnectionId: null, correlationId: null };
    const stream = this.registry.open(facts, performance.now())!;
    this.peers.set(stream.id, new Peer(stream, this.random));
  }

  private close(stream: Stream): void {
    this.registry.closed(stream, 'peer', 1000, performance.now());
  }

  private send(): void {
    const open = Array.from(this.peers.values()).filter(({ stream }) => stream.phase === 'open');
    for (let n = 0; n < 200 && open.length > 0; n++) {
      const peer = open[Math.floor(this.random() * open.length)]!;
      if (peer.stream.phase !== 'open' || peer.stream.lane.backlogBytes > backlogBytes) continue;
      if (peer.messagesLeft > 0) peer.send();
      else this.close(peer.stream);
    }
  }

  private async turn(): Promise<void> {
    this.read();
    this.look();
    // Not every turn, so that the workers get the processor as well.
    await (this.random() < 0.5 ? new Promise(setImmediate) : sleep(1));
    if (performance.now() - this.progressMs > deadlineMs) this.problem('nothing goes on');
  }

  /** The account, in the middle of everything. */
  private look(): void {
    const pushed = this.lanes.reduce((sum, lane) => sum + lane.messagesPushed, 0);
    const off = unaccounted(this.memory, this.totals, pushed);
    this.report.looks++;
    if (off !== 0) this.problem(`${off} messages unaccounted for after ${this.report.kills} kills`);
  }

  private read(): void {
    const isBusy = new Map<Peer, Set<string>>();
    for (const reader of [...this.readers]) {
      const { peer, id } = reader;
      // The next ring of a participant comes after the one before it.
      const busy = isBusy.get(peer) ?? new Set();
      isBusy.set(peer, busy);
      if (busy.has(id)) continue;
      const before = reader.framesRead;
      reader.read();
      if (reader.framesRead > before) this.progressMs = performance.now();
      if (reader.fault !== '') this.problem(`stream ${peer.stream.id}, ${id}: ${reader.fault}`);
      if (reader.isDone) this.readerDone(reader);
      else busy.add(id);
    }
  }

  private readerDone(reader: Reader): void {
    this.readers.splice(this.readers.indexOf(reader), 1);
    this.framesRead += reader.framesRead;
    this.pcmBytesRead += reader.pcmBytes;
    if (reader.framesLapped > 0) this.problem(`${reader.framesLapped} frames lapped`);
    this.registry.readerDone(reader.peer.stream.id, 0, reader.framesRead, reader.framesLapped);
  }

  private ended({ id, messages, committed, control: controls, ignored, dropped, audio }: EndedStream): void {
    const peer = this.peers.get(id)!;
    this.peers.delete(id);
    const { report } = this;
    report.streams++;
    report.messages += messages;
    report.committed += committed;
    report.lost += dropped.worker_lost;
    report.frames += audio.frames;
    const sum = committed + controls + ignored + Object.values(dropped).reduce((total, count) => total + count, 0);
    if (sum !== messages) this.problem(`stream ${id}: ${messages} messages, ${sum} counted`);
    if (peer.messagesFound !== committed) {
      this.problem(`stream ${id}: ${committed} messages committed, ${peer.messagesFound} in rings`);
    }
  }

  /** When nothing is left of any stream. */
  private judge(): void {
    const { memory, totals, report } = this;
    const { unaccounted: off, droppedByReason, committed } = account(memory, totals);
    const check = (what: string, is: number, should: number) => {
      if (is !== should) this.problem(`${what}: ${is} instead of ${should}`);
    };
    check('unaccounted', off, 0);
    check('lost, by the lanes', droppedByReason.worker_lost, report.lost);
    check('committed, by the lanes', committed, report.committed);
    check(
      'frames, by the lanes',
      sumLanes(memory, (lane) => lane.frames),
      this.framesRead,
    );
    check(
      'bytes, by the lanes',
      sumLanes(memory, (lane) => lane.pcmBytes),
      this.pcmBytesRead,
    );
    check('rings in use', new RingPool(memory).inUse, 0);
    for (const name of ['jitter', 'residence'] as const) {
      const observed = sumLanes(memory, (lane) => lane.histogram(name).counts.reduce((sum, count) => sum + count, 0));
      check(`observations of ${name}`, observed, committed);
    }
    const holders = memory.control.i32.subarray(control.holders / 4, control.holders / 4 + memory.geometry.ringCount);
    check('rings leaked', holders.filter((holder) => holder !== 0).length, 0);
  }

  private problem(text: string): void {
    if (this.report.problems.length < 20) this.report.problems.push(text);
  }
}
