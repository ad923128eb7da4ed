/** Rings that are full again and again beneath running calls: every sink and reader has every frame, and nothing else tells. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { faultMessage } from '../decoder/faulty-decoder.ts';
import { shortRingFrames } from '../ring/short-ring-frames.ts';
import { AcsClient } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';

const preloads = ['ring/short-rings', 'decoder/faulty-decoder'].map(
  (name) => new URL(`../${name}.ts`, import.meta.url).href,
);

interface Note {
  readonly frames: number;
  readonly missing: number;
  readonly complete: boolean;
  readonly firstTimestamp: string;
}

test.each([
  ['mixed', 0, 0],
  ['of two participants, which is as many as there may be', 2, 0],
  ['mixed, while workers die', 0, 4],
])('calls %s: the parts of a recording are together what was sent', async (_what, participants, deaths) => {
  const folder = temporaryFolder();
  const gateway = await GatewayProcess.startIn(
    { NODE_OPTIONS: nodeOptions(...preloads) },
    ...['--workers', '2', '--sink', `pcm:${folder}`, '--max-participants', String(Math.max(1, participants))],
  );
  onTestFinished(() => gateway.kill());
  const options = { calls: 10, participants, durationMs: 7000, seed: 30 };
  const saboteur = await AcsClient.connect(gateway.url);
  const running = simulateCalls({ ...options, url: gateway.url });
  for (let n = 0; n < deaths; n++) {
    await sleep(1300);
    saboteur.send(faultMessage('exit'));
  }
  const { ok, perCall } = await running;
  expect(ok).toBe(true);
  // A worker that took over may still be catching up.
  await eventually(async () => (await gateway.metrics()).get('messages_unaccounted') === 0);
  expect((await gateway.metrics()).get('frames_missing_total')).toBe(0);
  await saboteur.hangUp();
  const { code, last } = await gateway.drain();
  expect([code, last.msg, last['unaccounted']]).toEqual([0, 'drained', 0]);
  const recorded = filesBelow(folder, '.pcm');
  const parts = Math.ceil(350 / shortRingFrames);
  for (const { call, callConnectionId, participants: sent } of perCall) {
    for (const [participant, { id }] of sent.entries()) {
      const name = join(callConnectionId, (id ?? 'mixed').replaceAll(':', '_'));
      const names = Array.from({ length: parts }, (_, n) => (n === 0 ? name : `${name}-${n + 1}`));
      const whole = Buffer.concat(names.map((part) => recorded.get(`${part}.pcm`)!));
      expect(whole.equals(expectedTimeline(options, call, participant)), name).toBe(true);
      const notes = names.map((part) => JSON.parse(readFileSync(join(folder, `${part}.json`), 'utf8')) as Note);
      expect(notes.map(({ frames, missing, complete }) => [frames, missing, complete])).toEqual(
        names.map((_, n) => [n < parts - 1 ? shortRingFrames : 350 - n * shortRingFrames, 0, true]),
      );
      const firstMs = notes.map(({ firstTimestamp }) => Date.parse(firstTimestamp));
      expect(firstMs.map((ms) => ms - firstMs[0]!)).toEqual(names.map((_, n) => n * shortRingFrames * 20));
    }
  }
});
