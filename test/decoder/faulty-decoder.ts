/**
 * Loaded before the gateway, in each of its threads (`--import`): a decode worker that meets one of these messages dies, or
 * hangs, the way its name says; and one that starts while the file exists that `FAULTY_START` names dies the way that stands in
 * it. The only way to have the real process meet a fault of its own.
 */
import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { LaneHeader } from '../../src/memory/lane-header.ts';
import type { LaneRecord } from '../../src/memory/lane-record.ts';
import type { SharedMemory } from '../../src/memory/shared-memory.ts';
import { recordKind } from '../../src/memory/states.ts';
import { block } from '../support/block.ts';
import { productModule } from '../support/product-module.ts';

const { FrameDecoder } =
  await productModule<typeof import('../../src/decoder/frame-decoder.ts')>('decoder/frame-decoder');

export const faults = ['exit', 'throw', 'memory', 'loop'] as const;
export type Fault = (typeof faults)[number];

export function faultMessage(fault: Fault): string {
  return JSON.stringify({ kind: 'Fault', fault });
}

interface Inside {
  readonly memory: SharedMemory;
  takeRecord(lane: LaneHeader, record: LaneRecord, ...rest: unknown[]): void;
}

const inside = FrameDecoder.prototype as unknown as Inside;
const takeRecord = inside.takeRecord;

function die(fault: Fault | null): void {
  if (fault === 'exit') process.exit(7);
  if (fault === 'throw') throw new Error('outside of the guard');
  while (fault === 'loop') block(20);
  if (fault === 'memory') fillHeap();
}

/** Null where no such file is. */
function orderIn(file: string): Fault | null {
  try {
    return readFileSync(file, 'utf8') as Fault;
  } catch {
    return null;
  }
}

function fillHeap(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(100_000).fill(kept.length));
}

Object.defineProperty(inside, 'takeRecord', {
  value(this: Inside, lane: LaneHeader, record: LaneRecord, ...rest: unknown[]): void {
    if (record.kind === recordKind.message) {
      const { payloadAt, payloadBytes } = record;
      const text = lane.bytes.toString('latin1', payloadAt, payloadAt + payloadBytes);
      const fault = faults.find((one) => text === faultMessage(one));
      if (fault !== undefined) die(fault);
    }
    takeRecord.call(this, lane, record, ...rest);
  },
});

const faultyStart = process.env['FAULTY_START'];
const isDecoder = (workerData as { decoder?: unknown } | null)?.decoder !== undefined;
if (isDecoder && faultyStart !== undefined) die(orderIn(faultyStart));
