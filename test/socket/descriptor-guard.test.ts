/** Descriptors that are kept for files and the admin port. */
import { describe, expect, it } from 'vitest';
import { DescriptorGuard } from '../../src/socket/descriptor-guard.ts';

describe('the reserve of descriptors', () => {
  it('stops accepting before it is used up, and begins again when there is room', () => {
    let open = 50;
    const guard = new DescriptorGuard({ open: () => open, most: 128 });
    let accepted = 0;
    do {
      accepted++;
      open++;
    } while (guard.accepted(0));
    expect([accepted, guard.hasRoom(0)]).toEqual([46, false]);
    open -= 9;
    expect(guard.hasRoom(0)).toBe(true);
  });

  it('sees files that were opened since', () => {
    let open = 50;
    const guard = new DescriptorGuard({ open: () => open, most: 20_000 });
    expect(guard.accepted(0)).toBe(true);
    open = 19_500;
    expect([guard.accepted(50), guard.accepted(200)]).toEqual([true, false]);
  });

  it('is looked at seldom', () => {
    let readings = 0;
    const guard = new DescriptorGuard({ open: () => ++readings, most: 20_000 });
    for (let n = 0; n < 10_000; n++) guard.accepted(n / 100);
    expect(readings).toBeLessThan(5);
  });

  it('is none where no limit is known', () => {
    const guard = new DescriptorGuard({ open: () => 1e6, most: null });
    expect(guard.accepted(0)).toBe(true);
  });
});
