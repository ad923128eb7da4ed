/** A participant whose ring was full: readers hear of the old and the new one, and the old one goes back while the stream continues. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ringFramesMax } from '../../src/base/limits.ts';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { lane, ring, streamSlot } from '../../src/memory/layout.ts';
import { ringState } from '../../src/memory/states.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import { RingPool } from '../../src/ring/pool.ts';
import type { EndedStream } from '../../src/stream/ended-stream.ts';
import { StreamRegistry } from '../../src/stream/registry.ts';
import type { Stream } from '../../src/stream/stream.ts';
import { Totals } from '../../src/stream/totals.ts';
import { audio, iso, startMs } from '../decoder/messages.ts';
import { LaneRig } from '../lane/lane-rig.ts';

const facts = { remoteAddress: '', callConnectionId: null, correlationId: null };
const lingerMs = 1000;

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** A stream of one participant, whose worker decodes for real; one reader, which does what the test says. */
class Rig {
  readonly lane = new LaneRig({ index: 0 });
  readonly pool = new RingPool(this.lane.memory);
  readonly registry: StreamRegistry;
  readonly heard: string[] = [];
  readonly records: EndedStream[] = [];
  readonly stream: Stream;
  private sent = 0;

  constructor() {
    this.registry = new StreamRegistry({
      memory: this.lane.memory,
      lanes: [this.lane.lane],
      totals: new Totals(),
      observers: {
        readers: ['reader'],
        streamStarted: () => {},
        format: () => {},
        started: (_stream, { id, handle }) => this.heard.push(`${id} begins in ${handle.index}`),
        ended: (_stream, { id, handle, frames }) => this.heard.push(`${id} ends in ${handle.index} at ${frames}`),
        tone: () => {},
        streamEnded: () => this.heard.push('the stream ends'),
      },
      streamsMax: 3,
      lingerMs,
      resumeGraceMs: 0,
      messagesPerSecondMax: 1e6,
      onDecoded: () => {},
      onEnded: (record) => this.records.push(record),
    });
    this.lane.onChanges = ({ streams }) => this.registry.changed(streams);
    this.lane.onWorkerLost = () => this.registry.changedInLane(0);
    this.stream = this.registry.open(facts, 0)!;
  }

  /** The next frames; then its worker dies, so that the main thread looks by itself. `undo`: what the worker did not come to. */
  async feed(count: number, undo?: () => void): Promise<void> {
    for (let n = 0; n < count; n++) {
      const text = audio({ participantRawID: 'a', timestamp: iso(startMs + 20 * this.sent++) });
      this.stream.receive(Buffer.from(text), false, 20 * this.sent);
    }
    await this.decode(undo);
  }

  async decode(undo?: () => void): Promise<void> {
    vi.advanceTimersByTime(2);
    new FrameDecoder(this.lane.memory, 0, createParsers('json'), () => 0).decode(this.lane.word(lane.tail));
    undo?.();
    await this.lane.die();
  }

  get ringIndex(): number {
    const { memory } = this.lane;
    return memory.streams.i32[(memory.streamOffset(this.stream.index) + streamSlot.rings) / 4]!;
  }

  stateOf(index: number): number {
    const { memory } = this.lane;
    return memory.slabOf(index).i32[(memory.ringOffset(index) + ring.state) / 4]!;
  }

  setState(index: number, state: number): void {
    const { memory } = this.lane;
    memory.slabOf(index).i32[(memory.ringOffset(index) + ring.state) / 4] = state;
  }

  /** As if so many had been published. */
  setHead(frames: number): void {
    const { memory } = this.lane;
    memory.slabOf(this.ringIndex).i32[(memory.ringOffset(this.ringIndex) + ring.head) / 4] = frames;
  }
}

describe('a participant whose ring was full', () => {
  it('ends in the one and begins in the other, and is one participant throughout', async () => {
    const rig = new Rig();
    await rig.feed(3);
    rig.setHead(ringFramesMax);
    await rig.feed(2);
    expect(rig.heard).toEqual(['a begins in 0', `a ends in 0 at ${ringFramesMax}`, 'a begins in 1']);
    expect(rig.registry.framesEnded).toBe(ringFramesMax);
    expect(rig.registry.report(rig.stream).participants.map(({ id, frames }) => [id, frames])).toEqual([
      ['a', ringFramesMax],
      ['a', 2],
    ]);
  });

  it('leaves the old ring to its readers for as long as an ended stream would, and no longer', async () => {
    const rig = new Rig();
    await rig.feed(1);
    for (let n = 0; n < 5; n++) {
      const full = rig.ringIndex;
      rig.setHead(ringFramesMax);
      await rig.feed(1);
      expect([rig.stateOf(full), rig.pool.inUse]).toEqual([ringState.ended, 2]);
      vi.advanceTimersByTime(lingerMs - 2);
      expect(rig.pool.inUse).toBe(2);
      vi.advanceTimersByTime(4);
      expect([rig.stateOf(full), rig.pool.inUse]).toEqual([ringState.free, 1]);
    }
    expect(rig.registry.report(rig.stream).participants).toHaveLength(6);
  });

  it('gives every ring back when its stream is released, and the record has the frames of all', async () => {
    const rig = new Rig();
    await rig.feed(1);
    rig.setHead(ringFramesMax);
    await rig.feed(4);
    rig.registry.closed(rig.stream, 'peer', 1000, 5);
    await rig.decode();
    rig.registry.readerDone(rig.stream.id, 0, ringFramesMax, 0);
    expect(rig.records).toEqual([]);
    rig.registry.readerDone(rig.stream.id, 0, 4, 0);
    expect(rig.records).toMatchObject([{ audio: { frames: ringFramesMax + 4, missingFrames: 0, pauses: 0 } }]);
    await rig.decode();
    expect(rig.pool.inUse).toBe(0);
    vi.advanceTimersByTime(2 * lingerMs);
    expect(rig.pool.inUse).toBe(0);
  });

  it('ends the old ring even if its worker died before it could', async () => {
    const rig = new Rig();
    await rig.feed(1);
    rig.setHead(ringFramesMax);
    await rig.feed(1, () => rig.setState(0, ringState.live));
    expect(rig.stateOf(0)).toBe(ringState.ended);
    expect(rig.heard).toEqual(['a begins in 0', `a ends in 0 at ${ringFramesMax}`, 'a begins in 1']);
  });
});
