/** What an address owes, and that it is paid back. */
import { describe, expect, it } from 'vitest';
import { Debts } from '../../src/socket/debts.ts';

const limits = { unitsPerSecond: 1600, deepUnits: 16_000 };

describe('a debt', () => {
  it('adds up, and is paid back at the pace of one stream', () => {
    const debts = new Debts(limits);
    debts.owe('a', 10_000, 0);
    debts.owe('a', 10_000, 1000);
    expect(debts.of('a', 1000)).toBe(18_400);
    expect([debts.isDeep('a', 1000), debts.isDeep('a', 3000), debts.of('a', 60_000)]).toEqual([true, false, 0]);
  });

  it('is no other address’s', () => {
    const debts = new Debts(limits);
    debts.owe('a', 10_000, 0);
    expect(debts.of('b', 0)).toBe(0);
  });

  it('is forgotten in bounded time, whatever was done', () => {
    const debts = new Debts(limits);
    for (let n = 0; n < 1000; n++) debts.owe('a', 1e6, 0);
    expect(debts.of('a', 40_000)).toBe(0);
  });

  it('of more addresses than are kept apart is shared', () => {
    const debts = new Debts(limits);
    for (let n = 0; n < 10_001; n++) debts.owe(`address ${n}`, 100, 0);
    expect(debts.of('another', 0)).toBe(100);
    // Those that have paid make room.
    debts.owe('late', 100, 60_000);
    expect([debts.of('another', 60_000), debts.of('late', 60_000)]).toEqual([0, 100]);
  });
});
