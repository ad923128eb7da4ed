/** A flood of handshakes costs its sender's own place first. */
import { describe, expect, it } from 'vitest';
import { HandshakeLimit } from '../../src/socket/handshake-limit.ts';

function admitted(limit: HandshakeLimit, address: string, count: number, nowMs: number): number {
  let admitted = 0;
  for (let i = 0; i < count; i++) if (limit.admit(address, nowMs)) admitted++;
  return admitted;
}

describe('handshakes', () => {
  it('are limited for each address and for all, and begin anew with the second', () => {
    const limit = new HandshakeLimit({ perSecond: 25, perSecondAndAddress: 10 });
    expect(['a', 'b', 'c', 'd'].map((address) => admitted(limit, address, 50, 1000))).toEqual([10, 10, 5, 0]);
    expect(admitted(limit, 'a', 50, 1999)).toBe(0);
    expect(admitted(limit, 'd', 50, 2000)).toBe(10);
  });

  it('of one address do not use up what is there for the others', () => {
    const limit = new HandshakeLimit({ perSecond: 100, perSecondAndAddress: 10 });
    expect(admitted(limit, 'flood', 100_000, 0)).toBe(10);
    for (let i = 0; i < 9; i++) expect(admitted(limit, `other ${i}`, 20, 0)).toBe(10);
    expect(admitted(limit, 'one too many', 1, 0)).toBe(0);
  });

  it('of more addresses than are kept apart share one count', () => {
    const limit = new HandshakeLimit({ perSecond: 1e9, perSecondAndAddress: 1 });
    let count = 0;
    for (let i = 0; i < 20_000; i++) if (limit.admit(`address ${i}`, 0)) count++;
    expect(count).toBe(10_001);
  });
});
