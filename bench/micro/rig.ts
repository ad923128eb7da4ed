/**
 * Where the micro benchmarks touch the lane, the decoder and the ring, and the only place: when one of them changes, this
 * file changes with it. A lane and its worker run here in one thread and by hand, without a timer or a pool between them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecoderName } from '../../src/config/decoder-names.ts';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { Lane } from '../../src/lane/lane.ts';
import { dropReasons } from '../../src/memory/outcomes.ts';
import { fitGeometry, SharedMemory } from '../../src/memory/shared-memory.ts';
import { decodeBase64, decodedBytes } from '../../src/protocol/base64.ts';
import { Message } from '../../src/protocol/message.ts';
import { createParsers, loadSimdjson } from '../../src/protocol/parsers.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { RingWriter } from '../../src/ring/writer.ts';

const ringSeconds = 2;

/** Parses `bytes[start..end)`; the answer depends on everything that was found. */
export type Parse = (bytes: Buffer, start: number, end: number) => number;
/** Takes a message or a text to `target[at..]`; answers with the number of bytes of PCM. */
export type Decode = (bytes: Buffer, start: number, end: number, target: Buffer, at: number) => number;

/** Whether a decoder can be measured on this machine. */
export function isUsable(decoder: DecoderName): boolean {
  return decoder !== 'simdjson' || !('missing' in loadSimdjson());
}

export function createParse(decoder: DecoderName): Parse {
  const parser = createParsers(decoder).first;
  const message = new Message();
  return (bytes, start, end) => {
    if (!parser.parse(bytes, start, end, message)) throw new Error(`${decoder} declined a message of ACS`);
    return message.data.length + message.idEnd - message.idStart + message.timestampMs;
  };
}

/** What the decoder does with the text of an audio message: strict base64. */
export function writeBase64(text: string, target: Buffer, at: number): number {
  const bytes = decodedBytes(text);
  return decodeBase64(text, bytes, target, at) ? bytes : -1;
}

/** What the decoder does with the bytes of an audio message: its first parser, then strict base64 to where it belongs. */
export function createDecodeStep(): Decode {
  const parser = createParsers('scan').first;
  const message = new Message();
  return (bytes, start, end, target, at) =>
    parser.parse(bytes, start, end, message) ? writeBase64(message.data, target, at) : -1;
}

function createMemory(streamCount: number, ringCount: number): SharedMemory {
  const memory = SharedMemory.create({
    ...fitGeometry({
      ringSeconds,
      ringMemoryBytes: 0,
      streamCount,
      participantsMax: 4,
      laneCount: 1,
      laneDataBytes: 2 ** 22,
    }),
    ringCount,
  });
  return memory;
}

/** The rings of many participants, as the worker that writes them and a thread that reads them see them. */
export class Rings {
  readonly writers: readonly RingWriter[];
  readonly readers: readonly RingCursor[];
  readonly frame = new Frame();

  constructor(ids: readonly string[], sampleRate: number) {
    const memory = createMemory(1, ids.length);
    const pool = new RingPool(memory);
    this.writers = ids.map((id) => {
      const writer = new RingWriter(memory, pool.take());
      const bytes = Buffer.from(id);
      writer.open(sampleRate, bytes, 0, bytes.length);
      return writer;
    });
    this.readers = this.writers.map((writer) => {
      return new RingCursor(placeOf(memory, { index: writer.index, generation: writer.loadGeneration() }));
    });
  }

  /** Writes one frame; answers with how many the ring has had. */
  write(participant: number, pcm: Uint8Array, frameNumber: number): number {
    const writer = this.writers[participant]!;
    writer.bytes.set(pcm, writer.nextPcm());
    writer.commit(pcm.length, 0, 0, frameNumber * 20, frameNumber * 20, frameNumber * 320);
    return frameNumber;
  }

  /** Reads one frame that must be there; answers with its length. */
  read(participant: number): number {
    if (this.readers[participant]!.read(this.frame) !== 'frame') throw new Error('a frame is not in its ring');
    return this.frame.pcmBytes;
  }
}

/** A lane and the decoder behind it. */
export class LaneRig {
  readonly memory: SharedMemory;
  readonly lane: Lane;
  private readonly decoder: FrameDecoder;
  /** What the decoder takes for the present is this much later than the clock says. */
  private aheadMs = 0;

  constructor(streamCount: number) {
    this.memory = createMemory(streamCount, streamCount);
    this.lane = new Lane({
      memory: this.memory,
      index: 0,
      flushIntervalMs: 1,
      work: () => new Promise(() => {}),
      onChanges: () => {},
      onWorkerLost: () => {},
    });
    this.decoder = new FrameDecoder(this.memory, 0, createParsers('scan'), () => performance.now() + this.aheadMs);
  }

  /** Begins with `firstMessage` in every stream, and waits until the lane thinks that a worker is at it, as under load. */
  static async create(streamCount: number, firstMessage: Uint8Array): Promise<LaneRig> {
    const rig = new LaneRig(streamCount);
    for (let stream = 0; stream < streamCount; stream++) rig.push(stream, 0, firstMessage);
    await sleep(5);
    rig.decode(0);
    return rig;
  }

  push(stream: number, arrivalMs: number, bytes: Uint8Array): number {
    if (!this.lane.pushMessage(stream, arrivalMs, bytes)) throw new Error('the lane is full');
    return bytes.length;
  }

  /** Decodes all that was pushed, at the time `nowMs`; answers with the number of messages in rings so far. */
  decode(nowMs: number): number {
    this.aheadMs = nowMs - performance.now();
    const header = this.memory.lanes[0]!;
    this.decoder.decode(header.loadTail());
    return header.committed;
  }

  /** Takes all that was pushed for decoded. */
  skip(): void {
    const header = this.memory.lanes[0]!;
    header.release(header.loadTail());
  }

  /** What a lane counts that should not have happened: then the inputs went another way than they should. */
  get irregular(): number {
    const lane = this.memory.lanes[0]!;
    const dropped = dropReasons.reduce((sum, reason) => sum + lane.dropped(reason), 0);
    return lane.fallbacks + lane.missingFrames + lane.duplicateFrames + lane.outOfOrderFrames + dropped;
  }

  stop(): void {
    this.lane.stop();
  }
}
