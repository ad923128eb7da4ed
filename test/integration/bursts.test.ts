/** A network that stood still: everything that it held back comes at once, and no recorder misses a frame of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { recordingSink } from '../sink/recording-sink.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';

const stallsSeconds = [2, 3, 5, 10];
const framesBefore = 60;
const pcmOf = (n: number) => Buffer.alloc(640, `${n},`);

/** Some frames at their pace, so that the recorders know the call, then everything that a stall held back. */
async function playStalled(url: string, seconds: number): Promise<void> {
  const client = await AcsClient.connect(url, { 'x-ms-call-connection-id': `call-${seconds}` });
  client.send(metadata(`call-${seconds}`));
  for (let n = 0; n < framesBefore; n += 10) {
    for (let i = n; i < n + 10; i++) client.send(audio(i, pcmOf(i)));
    await sleep(200);
  }
  for (let n = framesBefore; n < framesBefore + 50 * seconds; n++) client.send(audio(n, pcmOf(n)));
  await client.hangUp();
}

test('stalls of 2, 3, 5 and 10 s cost no recorder a frame', () =>
  unlessStarved(async () => {
    const folder = temporaryFolder();
    const files = ['wav', 'pcm'].flatMap((kind) => ['--sink', `${kind}:${join(folder, kind)}`]);
    const gateway = await GatewayProcess.start(...files, '--sink', `module:${recordingSink}?name=module`);
    onTestFinished(() => gateway.kill());
    for (const seconds of stallsSeconds) await playStalled(gateway.url, seconds);
    const gated = [...(await gateway.metrics()).keys()].filter((name) => name.startsWith('gated_seconds_total'));
    expect(gated).toHaveLength(3);
    const { code } = await gateway.drain();

    expect(code).toBe(0);
    for (const seconds of stallsSeconds) {
      const frames = framesBefore + 50 * seconds;
      const pcm = Buffer.concat(Array.from({ length: frames }, (_, n) => pcmOf(n)));
      for (const [kind, headBytes] of [
        ['wav', 80],
        ['pcm', 0],
      ] as const) {
        const path = join(folder, kind, `call-${seconds}`, 'mixed');
        const note = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
        expect(note, `${kind}, ${seconds} s`).toMatchObject({ frames, missing: 0, lapped: 0, lost: 0 });
        expect(readFileSync(`${path}.${kind}`).subarray(headBytes).equals(pcm)).toBe(true);
      }
      expect(gateway.stderr).toContain(JSON.stringify({ call: `call-${seconds}`, frames, framesLapped: 0 }));
    }
  }));
