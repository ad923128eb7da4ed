/** A gateway deletes what is too old, counts and logs it, and says how much room there is; what it records meanwhile stays. */
import { existsSync, mkdirSync, readdirSync, statfsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

test('an old call is deleted when the gateway starts, one of today is not', async () => {
  const folder = temporaryFolder();
  for (const [name, hoursAgo] of [
    ['old', 25],
    ['today', 23],
  ] as const) {
    mkdirSync(join(folder, name));
    for (const file of ['a.wav', 'a.json']) {
      writeFileSync(join(folder, name, file), '{}');
      const seconds = Date.now() / 1000 - hoursAgo * 3600;
      utimesSync(join(folder, name, file), seconds, seconds);
    }
  }
  const sink = `wav:${folder}?keep=1d`;
  const gateway = await GatewayProcess.start('--sink', sink);
  onTestFinished(() => gateway.kill());
  const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'live' });
  client.send(metadata(), audio(0));
  await eventually(() => gateway.log.some(({ msg }) => msg === 'call deleted'));
  await eventually(() => existsSync(join(folder, 'live', 'mixed.wav')));
  expect(readdirSync(folder).sort()).toEqual(['live', 'today']);
  expect(gateway.log.find(({ msg }) => msg === 'call deleted')).toMatchObject({
    folder: join(folder, 'old'),
    reason: 'keep',
  });
  const metrics = await gateway.metrics();
  expect(metrics.get(`calls_deleted_total{sink="${sink}",reason="keep"}`)).toBe(1);
  expect(metrics.get(`calls_deleted_total{sink="${sink}",reason="max_gb"}`)).toBe(0);
  const { bsize, blocks } = statfsSync(folder);
  expect(metrics.get(`sink_disk_bytes{sink="${sink}"}`)).toBe(blocks * bsize);
  expect(metrics.get(`sink_disk_free_bytes{sink="${sink}"}`)).toBeGreaterThan(0);
  await client.hangUp();
  expect((await gateway.drain()).code).toBe(0);
});
