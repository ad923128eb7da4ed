/** What a chain of proxy and server costs, as rows, and what the targets say of it. */
import { expect, test } from 'vitest';
import { chainLabels, groupName, rivalLabels, rowName } from '../../../../bench/load/labels.ts';
import type { Measurement } from '../../../../bench/load/measurement.ts';
import { rowOf } from '../../../../bench/load/rows.ts';
import type { ConnectionsMeasurement } from '../../../../bench/load/tls/connections.ts';
import { connectionsRow, framesRow } from '../../../../bench/load/tls/rows.ts';
import { tlsTargets } from '../../../../bench/load/tls/targets.ts';
import type { Row } from '../../../../bench/report/result.ts';
import { measurement as one } from '../../support/measurement.ts';

function medians({ measures }: Row): Record<string, number> {
  return Object.fromEntries(Object.entries(measures).map(([column, { median }]) => [column, median]));
}

const behindProxy: Measurement = {
  ...one,
  hasProxy: true,
  proxyUserUs: 2_000_000,
  proxySystemUs: 3_000_000,
  suite: 'TLS_AES_128_GCM_SHA256',
};

test('a frame costs what server and proxy take together', () => {
  const row = framesRow('row', [behindProxy]);
  expect(medians(row)).toMatchObject({ CPU: 15, user: 6, system: 9, server: 5, proxy: 10 });
  expect(row.remarks).toEqual(['TLS_AES_128_GCM_SHA256']);
});

test('without a proxy the server is all there is', () => {
  const row = framesRow('row', [one]);
  expect(medians(row)).toMatchObject({ CPU: 5, user: 2, system: 3, server: 5, 'residence p50': 1 });
  expect(row.measures).not.toHaveProperty('proxy');
  expect(row.remarks).toEqual([]);
});

test('a proxy may be what leaves the machine no time', () => {
  const busy = { ...behindProxy, proxyUserUs: 12_000_000 };
  expect(rowOf('row', [busy]).remarks).toEqual([expect.stringContaining('all cores were busy')]);
});

const dialed: ConnectionsMeasurement = {
  newUs: { server: 150, proxy: 350 },
  resumedUs: { server: 150, proxy: 250 },
  resumedShare: 1,
  bytes: { server: 2000, proxy: 30_000 },
  suite: 'TLS_AES_256_GCM_SHA384',
};

test('a connection costs a handshake, new or resumed, and memory', () => {
  const row = connectionsRow('row', [dialed]);
  expect(medians(row)).toEqual({
    CPU: 500,
    server: 150,
    proxy: 350,
    'connections per core': 2000,
    'CPU, resumed': 400,
    'resumed per core': 2500,
    resumed: 100,
    memory: 32,
    'memory, proxy': 30,
  });
});

test('in the clear nothing is resumed', () => {
  const clear = { ...dialed, newUs: { server: 100, proxy: 0 }, resumedUs: null, suite: null };
  const row = connectionsRow('row', [clear]);
  expect(Object.keys(row.measures)).toEqual(['CPU', 'server', 'connections per core', 'memory']);
  expect(row.remarks).toEqual([]);
});

test('targets say what TLS adds, and what the whole chain costs', () => {
  const costing = (label: string, us: number): Row =>
    framesRow(rowName(groupName(20_000), label), [{ ...one, userUs: us * one.frames, systemUs: 0 }]);
  const rows = [
    costing(chainLabels.clear, 10),
    costing(chainLabels.direct, 13),
    costing(chainLabels.haproxy, 30),
    costing(rivalLabels.bare, 5),
  ];
  const values = tlsTargets(rows, [20_000]).map(({ atMost, value }) => [atMost, value]);
  expect(values).toEqual([
    [0.42, expect.closeTo(13 / 30)],
    [null, null],
    [null, null],
    [null, null],
    [0.3, expect.closeTo(0.3)],
    [null, null],
  ]);
});
