/** The console of a gateway in a program: what the program says into a call, and a thread that dies. */
import { expect, test } from 'vitest';
import { PlaybackWriter, type StreamInfo } from '../../src/index.ts';
import { eventually } from '../support/gateway-process.ts';
import { start, talk } from './console-program.ts';

test('what is said into a call is seen where it is heard, and where it was cut, and is heard in the mix', async () => {
  const { gateway, client, url } = await start();
  const streams: StreamInfo[] = [];
  gateway.on('stream', (stream) => void streams.push(stream));
  await talk(url, 'spoken-to');
  await eventually(() => streams.length === 1);
  const [stream] = streams;
  const page = await client.page({ want: 'call', stream: stream!.id });
  expect((await page.until('call', ({ tracks }) => tracks.length === 1)).spoken).toBeNull();
  const writer = new PlaybackWriter(stream!.playback());
  const sound = await client.sound(stream!.id);
  writer.begin().write(new Int16Array(160_000).fill(4096));
  const speaking = await page.until('call', ({ spoken }) => (spoken?.slices.length ?? 0) > 0);
  const { at } = speaking.spoken!.slices[0]!;
  expect(Math.abs(at - speaking.now)).toBeLessThan(50);
  await page.until('call', ({ row }) => row.playback?.isSpeaking === true && row.playback.queuedMs > 1000);
  await page.until('call', ({ now }) => now > at + 60);
  writer.clear();
  const cut = await page.until('call', ({ spoken }) => (spoken?.cutsAt.length ?? 0) > 0);
  expect(cut.spoken!.cutsAt).toHaveLength(1);
  expect(Math.abs(cut.spoken!.cutsAt[0]! - cut.now)).toBeLessThan(50);
  const silenced = await page.until('call', ({ row }) => row.playback?.isSpeaking === false);
  expect(silenced.row.playback!.queuedMs).toBe(0);
  const spoken = page.calls.flatMap((call) => call.spoken?.slices ?? []);
  expect(spoken.length).toBeGreaterThan(40);
  expect(spoken.every(({ high, low }) => high === 16 && low === 0)).toBe(true);

  const values = new Set<number>();
  for (let i = 0; i < sound.pcm.length; i += 2) values.add(sound.pcm.readInt16LE(i));
  // The square wave alone, and on top of what is said.
  for (const value of [1000, -1000, 5096, 3096]) expect(values).toContain(value);

  const overview = await (await client.page()).overview({ sort: 'speaking' }, ({ rows }) => rows.length === 1);
  expect(overview.rows[0]!.playback).toEqual({ isSpeaking: false, queuedMs: 0 });
});

test('the thread dies, and another one continues with what pages want', async () => {
  const { client, url, log, threads, gateway } = await start();
  await talk(url, 'on');
  const page = await client.page();
  const { rows } = await page.overview({}, (update) => update.rows[0]?.participants === 1);
  const sound = await client.sound(rows[0]!.id, 0);
  await eventually(() => sound.chunks.length > 3);
  expect(threads).toHaveLength(1);
  await threads[0]!.terminate();
  const seen = page.updates.length;
  await eventually(() => threads.length === 2);
  await page.until('overview', (update) => update.rows[0]?.callId === 'on' && update.rows[0].levels[0]! > -40);
  expect(page.updates.length).toBeGreaterThan(seen);
  const heard = sound.chunks.length;
  await eventually(() => sound.chunks.length > heard + 3);
  expect(log).toContainEqual(expect.objectContaining({ msg: 'console thread died', restartMs: 100 }));
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  expect(metrics).toContain('acs_gateway_thread_restarts_total{thread="console"} 1');
  expect(metrics).toMatch(/acs_gateway_eventloop_delay_seconds_count\{thread="console"\} [1-9]/);
});
