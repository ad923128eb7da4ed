/** Calls that claim to be the same one, as anybody can, are recorded, and cost the recordings of others nothing. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { closeFrame, frame } from '../fuzz/frame.ts';
import { RawPeer, upgradeRequest } from '../fuzz/raw-peer.ts';
import { audio, metadata } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';

interface Recorded {
  readonly files: number;
  readonly sinkErrors: number;
  readonly ms: number;
}

/** Makes calls of one id into a folder where so many of that id are already, and waits until the sink has done with them. */
async function record(calls: number, before: number): Promise<Recorded> {
  const folder = temporaryFolder();
  for (let n = 1; n <= before; n++) mkdirSync(join(folder, n === 1 ? 'same' : `same-${n}`));
  const sink = `wav:${folder}`;
  const gateway = await GatewayProcess.start('--sink', sink, '--duplicate', 'allow');
  onTestFinished(() => gateway.kill());
  const startMs = performance.now();
  for (let n = 0; n < calls; n++) {
    const peer = await RawPeer.open(gateway.port, upgradeRequest('/audio', ['x-ms-call-connection-id: same']));
    const messages = [metadata(`call-${n}`), audio(0)].map((payload) => frame({ payload }));
    peer.write(Buffer.concat([...messages, closeFrame(1000)]));
    await peer.closed;
  }
  while (gateway.log.filter(({ msg }) => msg === 'stream ended').length < calls) await sleep(20);
  const ms = performance.now() - startMs;
  const sinkErrors = (await gateway.metrics()).get(`sink_errors_total{sink="${sink}"}`)!;
  return { files: filesBelow(folder, '.wav').size, sinkErrors, ms };
}

test('calls of one id are recorded beside each other', async () => {
  expect(await record(100, 0)).toMatchObject({ files: 100, sinkErrors: 0 });
});

test('a call whose id ten thousand calls had before is recorded', async () => {
  expect(await record(1, 10_000)).toMatchObject({ files: 1, sinkErrors: 0 });
});

test(
  'calls whose id nine thousand calls had before take no longer than others',
  judgingTimes(async () => {
    const first = await record(100, 0);
    const later = await record(100, 9_000);
    expect(later.files).toBe(100);
    expect(later.ms).toBeLessThan(3 * first.ms);
  }),
);
