/** Timestamps that wander, through real sockets and workers into files: nothing lost, nothing twice, as long as the call. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { audio, metadata, startMs } from '../decoder/messages.ts';
import { frameBytes, frameOf, stamp, type WanderCase, wanderCases } from '../decoder/stamp-schedules.ts';
import { AcsClient } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const wavHeaderBytes = 80;

async function start(folder: string): Promise<GatewayProcess> {
  // On a busy machine everything may come at once: that no reader is lapped is not what is tried here.
  const gateway = await GatewayProcess.start('--sink', `wav:${folder}`, '--ring-seconds', '60');
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** Sends it at the pace of a call, five frames at a time. */
async function send(url: string, { stampsMs, timestamp, frames }: WanderCase, call: string): Promise<void> {
  const client = await AcsClient.connect(url, { 'x-ms-call-connection-id': call });
  client.send(metadata({ subscriptionId: call }));
  const sinceMs = performance.now();
  for (let n = 0; n < frames; n++) {
    if (n % 5 === 4) await sleep(Math.max(0, sinceMs + n * 20 - performance.now()));
    const data = frameOf(n).toString('base64');
    client.send(audio({ data, timestamp: timestamp ?? stamp(startMs + stampsMs![n]!) }));
  }
  await client.hangUp();
}

test(
  'a call is recorded frame by frame, whatever its timestamps',
  judgingTimes(async () => {
    const folder = join(temporaryFolder(), 'recorded');
    const gateway = await start(folder);
    await Promise.all(wanderCases.map((one, i) => send(gateway.url, one, `call-${i}`)));
    await gateway.drain();

    for (const [i, { name, frames, stampsMs, durationMs }] of wanderCases.entries()) {
      const pcm = readFileSync(join(folder, `call-${i}`, 'mixed.wav')).subarray(wavHeaderBytes);
      const note = JSON.parse(readFileSync(join(folder, `call-${i}`, 'mixed.json'), 'utf8'));
      await always(() => {
        expect(note, name).toMatchObject({ frames, missing: 0, duplicate: 0, late: 0, lapped: 0 });
        let at = 0;
        for (let n = 0; n < frames; n++) {
          const found = pcm.indexOf(frameOf(n), at);
          if (found < 0) expect.fail(`${name}: frame ${n} is not behind the one before it`);
          at = found + frameBytes;
        }
      });
      // The one without a clock is as long as it took to arrive.
      const shouldMs = durationMs - (stampsMs?.[0] ?? 0);
      expect(Math.abs(pcm.length / 32 - shouldMs), name).toBeLessThanOrEqual(20);
    }
  }),
);

test.each([
  ['late', { stampJitterMs: 40 }],
  ['of a coarse clock', { stampGridMs: 15.625 }],
  ['of a clock that drifts', { stampDriftPpm: 400 }],
])('timestamps that are %s cost the simulator no frame', async (_, stamping) => {
  const folder = join(temporaryFolder(), 'recorded');
  const gateway = await start(folder);
  const report = await simulateCalls({ url: gateway.url, calls: 10, durationMs: 3000, seed: 5, ...stamping });
  await gateway.drain();

  expect(report).toMatchObject({ ok: true, expected: { frames: 1500, missingFrames: 0, duplicateFrames: 0 } });
  const notes = [...filesBelow(folder, '.json').values()].map((note) => JSON.parse(note.toString()));
  expect(notes).toHaveLength(10);
  for (const note of notes) expect(note).toMatchObject({ frames: 150, missing: 0, duplicate: 0, late: 0 });
});
