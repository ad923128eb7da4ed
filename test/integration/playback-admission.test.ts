/** How many calls may be spoken into: each has a second of memory for certain, whatever others hold, and one that could not have it is refused. */
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { PlaybackWriter, type RunningGateway, type StreamInfo, startGateway } from '../../src/index.ts';
import { counting, HeardCall } from '../playback/heard-call.ts';
import { refusedUpgrade } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';

const bytesOf = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

async function start(): Promise<RunningGateway> {
  const options = { port: 0, adminPort: 0, logLevel: 'silent', workers: 1, drainTimeoutMs: 0 } as const;
  const gateway = await startGateway({ ...options, playbackMemoryMb: 1 });
  onTestFinished(async () => {
    await gateway.stop();
  });
  return gateway;
}

async function call(gateway: RunningGateway, name: string): Promise<{ heard: HeardCall; stream: StreamInfo }> {
  const connected = once(gateway, 'stream') as Promise<[StreamInfo]>;
  const heard = await HeardCall.connect(gateway.port, name);
  const [stream] = await connected;
  return { heard, stream };
}

async function metrics(gateway: RunningGateway): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('acs_gateway_'));
  return new Map(
    lines
      .map((line) => line.slice('acs_gateway_'.length).split(' ') as [string, string])
      .map(([name, value]) => [name, Number(value)]),
  );
}

async function readiness(gateway: RunningGateway): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/readyz`);
  return ((await answer.json()) as { status: string }).status;
}

test('peers that never read do not take the memory by which others are spoken to', async () => {
  const gateway = await start();
  const deaf = [];
  for (let n = 0; n < 6; n++) deaf.push(await call(gateway, `deaf ${n}`));
  const utterances = deaf.map(({ stream }) => new PlaybackWriter(stream.playback()).begin());
  // As much as is taken of it.
  const speak = () => {
    for (const utterance of utterances) utterance.write(counting(160_000));
  };
  speak();
  // They have answered a ping: from now on it is known that they do not read.
  await eventually(async () => (await metrics(gateway)).get('playback_pong_seconds_count')! >= 2 * deaf.length);
  for (const each of deaf) each.heard.client.socket.pause();
  await eventually(async () => {
    speak();
    return (await metrics(gateway)).get('playback_stalls_total')! >= deaf.length;
  });
  speak();
  const { heard, stream } = await call(gateway, 'honest');
  const utterance = new PlaybackWriter(stream.playback()).begin();
  const words = counting(48_000);
  for (let at = 0; at < words.length; ) {
    at += utterance.write(words.subarray(at));
    if (at < words.length) await utterance.writable();
  }
  utterance.end();
  expect(await utterance.played()).toMatchObject({ playedMs: 3_000, isCleared: false });
  expect(heard.pcm.equals(bytesOf(words))).toBe(true);
  // They have what is theirs, and the half that is for all.
  expect((await metrics(gateway)).get('playback_memory_bytes')).toBeGreaterThan(0.7 * 2 ** 20);
  for (const each of deaf) each.heard.client.socket.terminate();
}, 60_000);

test('a call more than can be spoken into is refused, and it is said why', async () => {
  const gateway = await start();
  const most = (await metrics(gateway)).get('playback_streams_max')!;
  expect(most).toBe(11);
  const calls: Awaited<ReturnType<typeof call>>[] = [];
  for (let n = 0; n <= most; n++) calls.push(await call(gateway, `call ${n}`));
  for (const { stream } of calls.slice(0, most)) stream.playback();
  // Again is not another one.
  calls[0]!.stream.playback();
  expect((await metrics(gateway)).get('playback_streams')).toBe(most);
  const refusal = { code: 'playback_refused', message: expect.stringContaining('--playback-memory-mb') };
  expect(() => calls[most]!.stream.playback()).toThrow(expect.objectContaining(refusal));
  expect(await refusedUpgrade(`ws://127.0.0.1:${gateway.port}/audio`)).toMatchObject({ status: 503 });
  expect(await readiness(gateway)).toBe('full');
  const refused = await metrics(gateway);
  expect(refused.get('playback_refused_streams_total')).toBe(1);
  expect(refused.get('overload_refusals_total{cause="playback_memory"}')).toBe(1);
  // The one that cannot be spoken into is heard all the same.
  expect(refused.get('streams_active')).toBe(most + 1);

  await calls[0]!.heard.client.hangUp();
  await eventually(async () => (await readiness(gateway)) === 'ready');
  calls[most]!.stream.playback();
  expect((await metrics(gateway)).get('playback_streams')).toBe(most);
});
