/** The record of an ended stream: when it comes, and what it says of participants and sinks. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import { lane } from '../../src/memory/layout.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import type { EndedStream } from '../../src/stream/ended-stream.ts';
import { StreamRegistry } from '../../src/stream/registry.ts';
import type { Stream } from '../../src/stream/stream.ts';
import { nobody } from '../../src/stream/stream-observer.ts';
import { Totals } from '../../src/stream/totals.ts';
import { audio, iso, startMs } from '../decoder/messages.ts';
import { LaneRig } from '../lane/lane-rig.ts';

const facts = { remoteAddress: '10.0.0.1', callConnectionId: 'call', correlationId: null };
const lingerMs = 1000;

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** A stream whose messages are decoded here, and whose readers are the test. */
class EndingRig {
  readonly lane = new LaneRig({ index: 0 });
  readonly registry: StreamRegistry;
  readonly stream: Stream;
  readonly records: EndedStream[] = [];
  private readonly decoder = new FrameDecoder(this.lane.memory, 0, createParsers('scan'), () => 0);

  constructor(...readers: string[]) {
    this.registry = new StreamRegistry({
      memory: this.lane.memory,
      lanes: [this.lane.lane],
      totals: new Totals(),
      observers: { ...nobody, readers },
      streamsMax: 1,
      lingerMs,
      resumeGraceMs: 0,
      messagesPerSecondMax: 1e6,
      onDecoded: () => {},
      onEnded: (record) => this.records.push(record),
    });
    this.stream = this.registry.open(facts, 100)!;
  }

  send(sentMs: number, arrivalMs: number, participantRawID: string): void {
    const message = audio({ timestamp: iso(startMs + sentMs), participantRawID });
    this.stream.receive(Buffer.from(message), false, arrivalMs);
  }

  decode(): void {
    this.decoder.decode(this.lane.word(lane.tail));
    this.registry.changed(this.decoder.takeChanges()?.streams ?? []);
  }

  hangUp(): void {
    this.registry.closed(this.stream, 'peer', 1000, 350.4);
    this.decode();
  }
}

describe('the record of an ended stream', () => {
  it('sums up what its participants sent', () => {
    const rig = new EndingRig();
    // a: two in order 36 ms apart (D = 16), two missing, one again. b: a pause of a second.
    rig.send(0, 100, 'a');
    rig.send(20, 136, 'a');
    rig.send(80, 200, 'a');
    rig.send(80, 201, 'a');
    rig.send(0, 100, 'b');
    rig.send(1020, 1120, 'b');
    rig.stream.receive(Buffer.from('{'), false, 0);
    rig.stream.receive(Buffer.from('x'), true, 0);
    rig.hangUp();
    const [record] = rig.records;
    expect(record).toMatchObject({
      callConnectionId: 'call',
      mode: 'unmixed',
      sampleRate: 16_000,
      messages: 8,
      committed: 6,
      ignored: 1,
      dropped: { malformed_json: 1, lane_full: 0 },
      audio: {
        frames: 6,
        silentFrames: 0,
        missingFrames: 2,
        gaps: 1,
        duplicateFrames: 1,
        outOfOrderFrames: 0,
        pauses: 1,
        jitterMeanMs: 1,
        jitterWorstMs: 1,
      },
      closeCause: 'peer',
      closeCode: 1000,
      durationMs: 250,
      sinks: [],
    });
    expect(record!.participants.map(({ frames, pauses }) => [frames, pauses])).toEqual([
      [4, 0],
      [2, 1],
    ]);
  });

  it('tells no id of a participant', () => {
    const rig = new EndingRig();
    rig.send(0, 100, '4:+15550100');
    rig.hangUp();
    expect(JSON.stringify(rig.records)).not.toContain('15550100');
  });

  it('waits until every sink has come to the end of every ring, and says what each of them did', () => {
    const rig = new EndingRig('fast', 'slow');
    rig.send(0, 100, 'a');
    rig.send(0, 100, 'b');
    rig.decode();
    rig.hangUp();
    rig.registry.readerDone(rig.stream.id, 0, 1, 0);
    rig.registry.readerDone(rig.stream.id, 0, 1, 0);
    rig.registry.readerDone(rig.stream.id, 1, 1, 0);
    expect(rig.records).toEqual([]);
    rig.registry.readerDone(rig.stream.id, 1, 0, 1);
    expect(rig.records.map(({ sinks }) => sinks)).toEqual([
      [
        { sink: 'fast', framesRead: 2, framesLapped: 0, isDrained: true },
        { sink: 'slow', framesRead: 1, framesLapped: 1, isDrained: true },
      ],
    ]);
  });

  it('comes when the time is up, and says which sink was not done', () => {
    const rig = new EndingRig('fast', 'stuck');
    rig.send(0, 100, 'a');
    rig.hangUp();
    rig.registry.readerDone(rig.stream.id, 0, 1, 0);
    vi.advanceTimersByTime(lingerMs - 1);
    expect(rig.records).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rig.records.map(({ sinks }) => sinks.map((sink) => sink.isDrained))).toEqual([[true, false]]);
    // Too late to be told.
    rig.registry.readerDone(rig.stream.id, 1, 1, 0);
    expect(rig.records).toHaveLength(1);
  });
});
