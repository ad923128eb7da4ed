/** One participant as NATS hears of it, message by message. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type NatsSinkSpec, parseNatsSink } from '../../src/config/nats-spec.ts';
import { Frame } from '../../src/ring/frame.ts';
import { NatsTrack, type Publish } from '../../src/sink/nats/nats-track.ts';
import { Checkpoint, Progress } from '../../src/sink/progress.ts';
import { trackOf } from './sink-rig.ts';

interface Published {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Buffer;
  readonly id: string;
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

class TrackRig {
  readonly published: Published[] = [];
  readonly progress = new Progress();
  checkpoint = new Checkpoint(this.progress, new Float64Array(1));
  /** Messages longer than this are not taken. */
  bytesMax = Number.POSITIVE_INFINITY;
  private readonly spec: NatsSinkSpec;
  private readonly frame = new Frame();

  constructor(text = 'nats://h') {
    this.spec = parseNatsSink(text) as NatsSinkSpec;
  }

  /** As the loop opens it, with what the last commit says. */
  open(): NatsTrack {
    return new NatsTrack(trackOf('4:+15550100000'), this.checkpoint, this.spec, this.publish);
  }

  write(track: NatsTrack, from: number, count: number): void {
    for (let n = from; n < from + count; n++) {
      Object.assign(this.frame, { sequence: n, pcmBytes: 640, timestampMs: 1e12 + 20 * n, positionSamples: 320 * n });
      this.frame.pcm.fill(n);
      try {
        track.write(this.frame);
      } catch {
        this.checkpoint.framesLost++;
      }
    }
  }

  get events(): Record<string, unknown>[] {
    const events = this.published.filter(({ subject }) => subject.endsWith('.event'));
    return events.map(({ data }) => JSON.parse(data.toString()) as Record<string, unknown>);
  }

  get audio(): Published[] {
    return this.published.filter(({ subject }) => !subject.endsWith('.event'));
  }

  private readonly publish: Publish = (_track, subject, payload, headers, id) => {
    if (payload.length > this.bytesMax) throw new Error('too long');
    this.published.push({ subject, headers: Object.fromEntries(headers), data: Buffer.from(payload), id });
  };
}

describe('a track', () => {
  it('is announced when it is opened, once, and again only if that did not hold', () => {
    const rig = new TrackRig();
    rig.open();
    expect(rig.events).toMatchObject([{ type: 'started', participantId: '4:+15550100000', streamId: 's' }]);
    rig.checkpoint.rollBack();
    rig.open();
    expect(rig.events.map(({ type }) => type)).toEqual(['started', 'started']);
    rig.checkpoint.commit(0, 0);
    rig.open();
    expect(rig.events).toHaveLength(2);
  });

  it('keeps its name, also if the round in which it got it failed, or its thread died in it', () => {
    const rig = new TrackRig();
    rig.open();
    rig.checkpoint.rollBack();
    rig.open();
    rig.checkpoint = new Checkpoint(new Progress(rig.progress.buffer), new Float64Array(1));
    rig.open();
    expect(new Set(rig.events.map(({ track }) => track)).size).toBe(1);
    expect(new TrackRig().open()).toBeDefined();
  });

  it('has another name than any other', () => {
    const names = Array.from({ length: 1000 }, () => {
      const rig = new TrackRig();
      rig.open();
      return rig.events[0]!['track'];
    });
    expect(new Set(names).size).toBe(1000);
  });

  it('is announced every five seconds, also while nothing is said', () => {
    const rig = new TrackRig();
    const track = rig.open();
    for (let n = 0; n < 11; n++) {
      vi.advanceTimersByTime(1000);
      track.flush();
    }
    expect(rig.events.map(({ type }) => type)).toEqual(['started', 'running', 'running']);
  });

  it('says at its end how many frames it had', () => {
    const rig = new TrackRig();
    const track = rig.open();
    rig.checkpoint.framesLost = 2;
    track.end({ framesRead: 10, framesLapped: 3 });
    expect(rig.events.at(-1)).toMatchObject({ type: 'ended', frames: 13, lapped: 3, lost: 2 });
  });

  it('gives each message a name that is the same when it is published again', () => {
    const rig = new TrackRig();
    rig.write(rig.open(), 0, 3);
    rig.write(rig.open(), 0, 3);
    const ids = rig.audio.map(({ id }) => id);
    expect(ids.slice(0, 3)).toEqual(ids.slice(3));
    expect(new Set(ids).size).toBe(3);
  });

  it('copies what it publishes: the frame is another when it is sent', () => {
    const rig = new TrackRig();
    rig.write(rig.open(), 0, 3);
    expect(rig.audio.map(({ data }) => data[0])).toEqual([0, 1, 2]);
  });
});

describe('several frames to a message', () => {
  it('go in messages of at most half as many again, and the rest when nothing more is waiting', () => {
    const rig = new TrackRig('nats://h?frames=10');
    const track = rig.open();
    rig.write(track, 0, 34);
    track.flush();
    const counts = rig.audio.map(({ headers }) => Number(headers['Acs-Frames']));
    expect(counts.reduce((sum, count) => sum + count)).toBe(34);
    expect(Math.max(...counts)).toBeLessThanOrEqual(15);
    const firsts = rig.audio.map(({ headers }) => Number(headers['Acs-Sequence']));
    expect(firsts).toEqual(counts.map((_, n) => counts.slice(0, n).reduce((sum, count) => sum + count, 0)));
    track.flush();
    expect(rig.audio).toHaveLength(counts.length);
  });

  it.each([1, 7, 10, 15, 16, 34])('that cannot be published are lost, each counted once: %i', (frames) => {
    const rig = new TrackRig('nats://h?frames=10');
    const track = rig.open();
    rig.bytesMax = 100;
    rig.write(track, 0, frames);
    try {
      track.flush();
    } catch {
      // Told by whoever calls.
    }
    expect(rig.checkpoint.framesLost).toBe(frames);
    // What follows begins anew.
    rig.bytesMax = Number.POSITIVE_INFINITY;
    rig.write(track, frames, 2);
    track.flush();
    expect(rig.audio).toMatchObject([{ headers: { 'Acs-Sequence': String(frames), 'Acs-Frames': '2' } }]);
  });
});

describe('frames that the server refuses', () => {
  it.each(['nats://h', 'nats://h?frames=10'])(
    'are those of the round, counted once however often it says so: %s',
    (text) => {
      const rig = new TrackRig(text);
      const track = rig.open();
      rig.write(track, 0, 5);
      track.flush();
      track.beginRound();
      rig.write(track, 5, 12);
      track.flush();
      for (let n = 0; n < 3; n++) track.refused();
      expect(rig.checkpoint.framesLost).toBe(12);
    },
  );
});
