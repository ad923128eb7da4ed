/** Numbers of 32 bits shortly before their end: those that go round are right on the other side (docs/ARCHITECTURE.md). */
import { describe, expect, it, vi } from 'vitest';
import { laneHalfBytes } from '../../src/base/limits.ts';
import { recordKind as captureKind } from '../../src/capture/format.ts';
import { createQueue, QueueReader, QueueWriter } from '../../src/capture/queue.ts';
import { CaptureRecorder } from '../../src/capture/recorder.ts';
import { serveSettings } from '../../src/config/serve-settings.ts';
import { lane, ring } from '../../src/memory/layout.ts';
import { laneBytes, laneReserveBytes } from '../../src/memory/sizes.ts';
import { ranges } from '../../src/simulator/options.ts';
import { audio, iso, startMs } from '../decoder/messages.ts';
import { DecoderRig, readAll } from '../decoder/rig.ts';
import { LaneRig } from '../lane/lane-rig.ts';

const signEdge = 2 ** 31;
const wordEdge = 2 ** 32;
/** Timers of Node.js fire at once beyond it. */
const timerMsMax = 2 ** 31 - 1;

describe('a generation', () => {
  it.each([signEdge - 2, wordEdge - 2])(
    'goes past %i, and readers of the one before see that the ring is gone',
    (edge) => {
      const rig = new DecoderRig({ ringCount: 1 });
      rig.setRingWord(0, ring.generation, edge | 0);
      for (let n = 0; n < 4; n++) {
        rig.feed(audio());
        const reader = rig.reader(0);
        expect(readAll(reader)).toMatchObject({ frames: [{ sequence: 0 }], last: 'empty' });
        rig.reset();
        expect(readAll(reader).last).toBe('gone');
        const next = (edge + n + 1) | 0;
        expect(rig.ringWord(0, ring.generation)).toBe(next);
      }
    },
  );
});

describe('the count of parks', () => {
  it.each([signEdge - 4, wordEdge - 4])('goes past %i, and every parked worker is woken, once', (edge) => {
    vi.useFakeTimers();
    const notify = vi.spyOn(Atomics, 'notify');
    const rig = new LaneRig();
    rig.setWord(lane.parked, edge | 0);
    rig.push(0, 'first');
    vi.advanceTimersByTime(2);
    rig.take();
    for (let n = 1; n <= 6; n++) {
      rig.park();
      rig.push(0, 'a');
      rig.push(0, 'b');
      expect(notify).toHaveBeenCalledTimes(n);
      rig.wakeUp();
      rig.take();
    }
    notify.mockRestore();
    vi.useRealTimers();
  });
});

describe('the place of a record in its lane', () => {
  it('is a small integer for as many streams as there may be', () => {
    const half = laneHalfBytes + laneReserveBytes(1.25 * 100_000);
    expect(laneBytes(half)).toBeLessThan(signEdge);
  });
});

describe('the number of a captured socket', () => {
  it.each([signEdge - 2, wordEdge - 2])(
    'goes past %i, and is never that of the sockets that are not captured',
    (edge) => {
      const buffer = createQueue(65_536);
      const recorder = new CaptureRecorder(new QueueWriter(buffer), '/audio');
      const reader = new QueueReader(buffer);
      (recorder as unknown as { sockets: number }).sockets = edge;
      const upgrade = { path: '', address: '', headers: {} };
      const given = Array.from({ length: 4 }, (_, n) => recorder.opened(upgrade, `stream ${n}`, n));
      for (const socket of given) recorder.message(socket, Buffer.from('x'), false, 5);
      const found: [kind: number, socket: number][] = [];
      for (let each = reader.next(); each !== null; each = reader.next()) found.push([each.kind, each.socket]);
      expect(found).toEqual([
        ...given.map((socket) => [captureKind.open, socket]),
        ...given.map((socket) => [captureKind.text, socket]),
      ]);
      expect(new Set(given).size).toBe(4);
      expect(given).not.toContain(0);
    },
  );
});

describe('counters', () => {
  it('are doubles, and count by one far beyond 2^32', () => {
    const rig = new DecoderRig();
    const index = lane.committed / 8;
    rig.views.f64[index] = 2 ** 52;
    rig.feed(audio({ timestamp: iso(startMs) }));
    expect(rig.views.f64[index]).toBe(2 ** 52 + 1);
  });
});

describe('a time', () => {
  it.each(Object.keys(serveSettings).filter((key) => key.endsWith('Ms')))(
    '--%s is never too long for a timer',
    (key) => {
      const { schema } = serveSettings[key as keyof typeof serveSettings];
      expect(schema.safeParse(timerMsMax + 1).success).toBe(false);
    },
  );

  it('of the simulator is none either', () => {
    for (const [name, { max }] of Object.entries(ranges))
      if (name.endsWith('Ms')) expect(max, name).toBeLessThanOrEqual(timerMsMax);
  });
});
