/** What the main thread takes for a sign of life of a lease, and what not. */
import { describe, expect, it } from 'vitest';
import { LeaseWatch } from '../../src/decoder/lease-watch.ts';
import { streamSlot } from '../../src/memory/layout.ts';
import { LaneRig } from '../lane/lane-rig.ts';

const lookMs = 100;

function watched(): { rig: LaneRig; look: () => number } {
  const rig = new LaneRig({ index: 0 });
  const watch = new LeaseWatch(rig.memory, 0);
  watch.begin();
  return { rig, look: () => watch.look(lookMs) };
}

describe('a lease', () => {
  it('stands still for as long as nothing in its lane moves, whatever comes into it', () => {
    const { rig, look } = watched();
    for (let n = 1; n <= 5; n++) {
      rig.push(0, 'a');
      expect(look()).toBe(n * lookMs);
    }
  });

  it.each([
    ['takes a record up', (rig: LaneRig) => void rig.takeUp()],
    ['is done with one', (rig: LaneRig) => void rig.deal(1)],
    ['gives room back', (rig: LaneRig) => void rig.take(2)],
    ['parks', (rig: LaneRig) => rig.park()],
    ['wakes up', (rig: LaneRig) => rig.wakeUp()],
  ])('lives when it %s', (_what, live) => {
    const { rig, look } = watched();
    for (const text of ['a', 'b', 'c']) rig.push(0, text);
    look();
    live(rig);
    expect(look()).toBe(0);
    expect(look()).toBe(lookMs);
  });

  it('lives for as long as its worker is parked and nothing waits, and not when something does', () => {
    const { rig, look } = watched();
    rig.push(0, 'a');
    rig.take();
    rig.park();
    for (let n = 0; n < 30; n++) expect(look()).toBe(0);
    rig.push(0, 'b');
    expect(look()).toBe(lookMs);
    expect(look()).toBe(2 * lookMs);
  });

  it('lives while it gives rings back, one by one, which takes long if they are large', () => {
    const { rig, look } = watched();
    rig.push(2, 'a');
    rig.takeUp();
    look();
    const { memory } = rig;
    const count = (memory.streamOffset(2) + streamSlot.participantCount) / 4;
    for (let rings = 4; rings > 0; rings--) {
      memory.streams.i32[count] = rings;
      expect(look()).toBe(0);
    }
    expect(look()).toBe(lookMs);
  });

  it('begins anew with every lease', () => {
    const { rig } = watched();
    const watch = new LeaseWatch(rig.memory, 0);
    watch.begin();
    for (let n = 0; n < 5; n++) watch.look(lookMs);
    watch.begin();
    expect(watch.look(lookMs)).toBe(lookMs);
  });
});
