/** A lane and a worker in the test's own thread: its clock and its sleep are the test's, so nothing waits for real time. */
import { expect, vi } from 'vitest';
import { laneTurnBytes } from '../../src/base/limits.ts';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { workLease } from '../../src/decoder/lease.ts';
import type { LeaseChanges } from '../../src/decoder/lease-changes.ts';
import { Lane } from '../../src/lane/lane.ts';
import { lane } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { laneReserveBytes } from '../../src/memory/sizes.ts';
import type { MessageParser } from '../../src/protocol/message.ts';
import { createParsers } from '../../src/protocol/parsers.ts';

export const flushIntervalMs = 2;
/** A message that is counted and makes no changes. */
export const tone = '{"kind":"DtmfData"}';

interface Sleep {
  readonly kind: 'nap' | 'park';
  readonly timeoutMs: number;
}

/** Tones come of all of them in turn: no stream may send many at once. */
const streamCount = 64;

/** Nobody will wake the worker any more. */
const asleepForGood = new Error('asleep');

export class LeaseRig {
  readonly memory: SharedMemory;
  readonly lane: Lane;
  readonly decoder: FrameDecoder;
  readonly sleeps: Sleep[] = [];
  /** What was told, and when. */
  readonly told: { readonly changes: LeaseChanges; readonly atMs: number }[] = [];
  nowMs = 5000;
  /** How often it was asked for the pauses of the garbage collector. */
  gcLooks = 0;
  /** What a message costs, ms. */
  costMs = 0;
  private tones = 0;
  /** Called as a sleep begins. Returns how long it lasts if that is shorter than its timeout. */
  onSleep: (sleep: Sleep) => number | undefined = () => undefined;

  constructor() {
    const laneHalfBytes = 4 * laneTurnBytes + laneReserveBytes(streamCount);
    const sizes = { ringCount: 4, ringSlotCount: 110, streamCount, participantsMax: 2, laneCount: 1, laneHalfBytes };
    this.memory = SharedMemory.create(sizes);
    const { first, general } = createParsers('scan');
    const parse: MessageParser['parse'] = (bytes, start, end, message) => {
      this.nowMs += this.costMs;
      if (bytes.toString('latin1', start, end) === 'bomb') throw new Error('boom');
      return first.parse(bytes, start, end, message);
    };
    this.decoder = new FrameDecoder(this.memory, 0, { first: { parse }, general }, () => this.nowMs);
    this.lane = new Lane({
      memory: this.memory,
      index: 0,
      flushIntervalMs: 1e6,
      work: () => new Promise(() => {}),
      onChanges: () => {},
      onWorkerLost: () => {},
    });
  }

  push(text = tone): void {
    const stream = text === tone ? this.tones++ % streamCount : 0;
    if (!this.lane.pushMessage(stream, this.nowMs, Buffer.from(text))) throw new Error('the lane is full');
  }

  work(): void {
    const wait = vi.spyOn(Atomics, 'wait').mockImplementation(this.sleep.bind(this) as never);
    try {
      const { memory, decoder } = this;
      const clock = () => this.nowMs;
      const gcPauses = {
        collect: () => {
          this.gcLooks++;
        },
      };
      const tell = (changes: LeaseChanges) => {
        this.told.push({ changes, atMs: this.nowMs });
      };
      workLease({ lane: memory.lanes[0]!, decoder, flushIntervalMs, gcPauses, clock, tell });
    } catch (error) {
      if (error !== asleepForGood) throw error;
      this.memory.lanes[0]!.i32[lane.parked / 4]! += 1;
    } finally {
      wait.mockRestore();
    }
  }

  private sleep(words: Int32Array, index: number, expected: number, timeoutMs: number): string {
    expect(words).toBe(this.memory.lanes[0]!.i32);
    const kind = index === lane.tail / 4 ? 'park' : 'nap';
    expect(this.parked % 2, `parked in a ${kind}`).toBe(kind === 'park' ? 1 : 0);
    if (words[index] !== expected) return 'not-equal';
    const sleep: Sleep = { kind, timeoutMs };
    this.sleeps.push(sleep);
    if (this.sleeps.length > 5000) throw new Error('this lease does not end');
    const sleptMs = this.onSleep(sleep);
    if (timeoutMs === Number.POSITIVE_INFINITY && sleptMs === undefined) throw asleepForGood;
    this.nowMs += sleptMs ?? timeoutMs;
    return kind === 'park' && words[index] !== expected ? 'ok' : 'timed-out';
  }

  get parked(): number {
    return this.memory.lanes[0]!.i32[lane.parked / 4]!;
  }

  get changes(): LeaseChanges[] {
    return this.told.map(({ changes }) => changes);
  }

  get kinds(): string[] {
    return this.sleeps.map((sleep) => sleep.kind);
  }

  count(field: number): number {
    return this.memory.lanes[0]!.f64[field / 8]!;
  }
}
