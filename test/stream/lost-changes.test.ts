/** A worker that dies takes its changes with it: the main thread looks at the streams of its lane, and finds out all the same. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { lane, streamSlot } from '../../src/memory/layout.ts';
import { streamEnd } from '../../src/memory/states.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import type { EndedStream } from '../../src/stream/ended-stream.ts';
import { StreamRegistry } from '../../src/stream/registry.ts';
import { nobody } from '../../src/stream/stream-observer.ts';
import { Totals } from '../../src/stream/totals.ts';
import { audio } from '../decoder/messages.ts';
import { LaneRig } from '../lane/lane-rig.ts';

const facts = { remoteAddress: '', callConnectionId: null, correlationId: null };

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** A registry with one lane, whose worker decodes for real and dies when the test says so. */
class RegistryRig {
  readonly lane = new LaneRig({ index: 0 });
  readonly registry: StreamRegistry;
  readonly started: string[] = [];
  readonly ended: EndedStream[] = [];

  constructor() {
    this.registry = new StreamRegistry({
      memory: this.lane.memory,
      lanes: [this.lane.lane],
      totals: new Totals(),
      observers: {
        ...nobody,
        started: (_stream, { id }) => this.started.push(String(id)),
      },
      streamsMax: 3,
      lingerMs: 1000,
      resumeGraceMs: 0,
      messagesPerSecondMax: 1e6,
      onDecoded: () => {},
      onEnded: (record) => this.ended.push(record),
    });
    this.lane.onChanges = ({ streams }) => this.registry.changed(streams);
    this.lane.onWorkerLost = () => this.registry.changedInLane(0);
  }

  /** The worker decodes everything, and dies before it could tell. */
  async decodeAndDie(): Promise<void> {
    vi.advanceTimersByTime(2);
    const decoder = new FrameDecoder(this.lane.memory, 0, createParsers('json'), () => 0);
    decoder.decode(this.lane.word(lane.tail));
    await this.lane.die();
  }

  endOf(stream: number): number {
    const { memory } = this.lane;
    return memory.streams.i32[(memory.streamOffset(stream) + streamSlot.end) / 4]!;
  }
}

describe('the changes of a worker that died', () => {
  it('of a participant are found', async () => {
    const rig = new RegistryRig();
    rig.registry.open(facts, 0)!.receive(Buffer.from(audio({ participantRawID: 'a' })), false, 0);
    await rig.decodeAndDie();
    expect(rig.started).toEqual(['a']);
  });

  it('of an end and of a release are found, and the slot can be used again', async () => {
    const rig = new RegistryRig();
    const streams = [0, 1, 2].map(() => rig.registry.open(facts, 0)!);
    expect(rig.registry.open(facts, 0)).toBeNull();
    for (const stream of streams) rig.registry.closed(stream, 'peer', 1000, 5);
    await rig.decodeAndDie();
    expect(rig.ended).toHaveLength(3);
    await rig.decodeAndDie();
    expect(rig.registry.all).toEqual([]);
    await rig.registry.empty();
    expect([0, 1, 2].map(() => rig.registry.open(facts, 0)?.index).toSorted()).toEqual([0, 1, 2]);
  });

  it('do not end a stream that was given the slot of one whose release was in hand', async () => {
    const rig = new RegistryRig();
    const first = rig.registry.open(facts, 0)!;
    rig.registry.closed(first, 'peer', 1000, 5);
    await rig.decodeAndDie();
    // The next worker releases the stream, and dies just before it could say that this is dealt with.
    rig.lane.takeUp();
    const { memory } = rig.lane;
    memory.streams.i32[(memory.streamOffset(first.index) + streamSlot.end) / 4] = streamEnd.released;
    await rig.lane.die();
    const second = rig.registry.open(facts, 10)!;
    second.receive(Buffer.from(audio()), false, 10);
    await rig.decodeAndDie();
    expect(rig.registry.all).toContain(second);
    if (second.index === first.index) expect(rig.endOf(second.index)).toBe(streamEnd.open);
  });
});
