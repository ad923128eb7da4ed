/** Connections that have not become a stream. */
import { describe, expect, it } from 'vitest';
import { ConnectionLimit } from '../../src/socket/connection-limit.ts';
import { Totals } from '../../src/stream/totals.ts';

function limit(pendingMax: number, perSecondAndAddress: number) {
  const totals = new Totals();
  return { totals, connections: new ConnectionLimit({ pendingMax, perSecondAndAddress }, totals) };
}

describe('connections', () => {
  it('are bounded in all, and in a second for each address', () => {
    const { totals, connections } = limit(100, 30);
    const opened = (address: string, count: number, nowMs: number) =>
      Array.from({ length: count }, () => connections.opened(address, nowMs)).filter(Boolean).length;
    expect(opened('a', 50, 0)).toBe(30);
    for (let n = 0; n < 50; n++) connections.closed();
    expect(totals.connectionsPending).toBe(0);
    expect([1, 2, 3, 4, 5, 6, 7].map((n) => opened(`b${n}`, 20, 1000))).toEqual([20, 20, 20, 20, 20, 0, 0]);
    expect(totals.connectionsRefused).toEqual({ address: 20, pending: 40 });
  });

  it('of an address that asks for nothing do not crowd out the others', () => {
    const { connections } = limit(100, 1000);
    let silent = 0;
    while (connections.opened('silent', 0)) silent++;
    expect(silent).toBe(50);
    for (let n = 0; n < 1000; n++) {
      expect(connections.opened('honest', 20 * n)).toBe(true);
      connections.used('honest');
      connections.closed();
    }
  });

  it('of an address are taken again as soon as its silent ones are gone', () => {
    const { connections } = limit(100, 1000);
    for (let n = 0; n < 60; n++) connections.opened('a', 0);
    for (let n = 0; n < 60; n++) connections.closed();
    expect(connections.opened('a', 1)).toBe(true);
  });

  it('of a proxy are bounded in all only: its clients are not known yet', () => {
    const { connections } = limit(100, 10);
    for (let n = 0; n < 100; n++) expect(connections.opened(null, 0)).toBe(true);
    expect(connections.opened(null, 0)).toBe(false);
  });
});
