/** Audio into real calls: over real sockets, from real threads, through resumes, hang-ups, peers that do not read, and the drain. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { wavHeaderBytes } from '../../src/base/wav.ts';
import {
  type GatewayOptions,
  PlaybackWriter,
  playbackTrackId,
  type RunningGateway,
  type StreamInfo,
  startGateway,
} from '../../src/index.ts';
import { counting, HeardCall } from '../playback/heard-call.ts';
import type { Order } from '../playback/speaking.worker.ts';
import { temporaryFolder } from '../support/folders.ts';
import { always, judgingTimes } from '../support/starvation.ts';

async function start(options: GatewayOptions = {}): Promise<RunningGateway> {
  const gateway = await startGateway({
    port: 0,
    adminPort: 0,
    logLevel: 'silent',
    workers: 1,
    drainTimeoutMs: 0,
    ...options,
  });
  onTestFinished(async () => {
    await gateway.stop();
  });
  return gateway;
}

async function call(
  gateway: RunningGateway,
  name: string,
  rate?: number,
): Promise<{ heard: HeardCall; stream: StreamInfo }> {
  const connected = once(gateway, 'stream') as Promise<[StreamInfo]>;
  const heard = await HeardCall.connect(gateway.port, name, rate);
  const [stream] = await connected;
  return { heard, stream };
}

function thread(): {
  order: (order: Order) => void;
  answer: () => Promise<Record<string, unknown>>;
  end: () => Promise<number>;
} {
  const worker = new Worker(new URL('../playback/speaking.worker.ts', import.meta.url));
  onTestFinished(async () => {
    await worker.terminate();
  });
  return {
    order: (order) => worker.postMessage(order),
    answer: async () => ((await once(worker, 'message')) as [Record<string, unknown>])[0],
    end: () => worker.terminate(),
  };
}

async function metric(gateway: RunningGateway, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`acs_gateway_playback_${name} `));
  return Number(line?.split(' ')[1]);
}

const pcmOf = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

test(
  'a thread speaks into a call: every sample, once, at the pace of the call',
  judgingTimes(async () => {
    const gateway = await start();
    const { heard, stream } = await call(gateway, 'pace');
    const speaker = thread();
    const answer = speaker.answer();
    speaker.order({ type: 'speak', handle: stream.playback(), seconds: 3, piece: 777 });
    const result = await answer;
    await always(() => {
      expect(result).toMatchObject({ taken: 48_000, playedMs: 3_000, isCleared: false, state: 'ended' });
      expect(heard.pcm.equals(pcmOf(counting(48_000)))).toBe(true);
    });
    const durationMs = heard.frames.at(-1)!.atMs - heard.frames[0]!.atMs;
    expect(durationMs).toBeGreaterThan(2_700);
    expect(durationMs).toBeLessThan(2_900);
    expect(heard.longestGapMs).toBe(0);
    expect(result['underruns']).toBe(0);
  }),
);

test('a hundred calls are spoken to at once, each with its own words', async () => {
  const gateway = await start();
  const calls = [];
  for (let n = 0; n < 100; n++) calls.push(await call(gateway, `call ${n}`));
  const utterances = calls.map(({ stream }, n) => {
    const utterance = new PlaybackWriter(stream.playback()).begin();
    utterance.write(counting(24_000, 100 * n));
    utterance.end();
    return utterance;
  });
  await Promise.all(utterances.map((utterance) => utterance.played()));
  const heard = calls.map(({ heard }) => heard.pcm);
  expect(heard.map((pcm, n) => pcm.equals(pcmOf(counting(24_000, 100 * n)))).filter((same) => !same)).toEqual([]);
  await Promise.all(calls.map(({ heard }) => heard.client.hangUp()));
  expect((await gateway.stop()).isExact).toBe(true);
});

test('at 24 kHz, from numbers from -1 to 1', async () => {
  const gateway = await start();
  const { heard, stream } = await call(gateway, 'floats', 24_000);
  const samples = counting(24_000);
  const utterance = new PlaybackWriter(stream.playback()).begin({ sampleRate: 24_000 });
  expect(utterance.write(Float32Array.from(samples, (sample) => sample / 32_768))).toBe(24_000);
  utterance.end();
  await utterance.played();
  expect(heard.frames.every(({ pcm }) => pcm.length === 960)).toBe(true);
  expect(heard.pcm.equals(pcmOf(samples))).toBe(true);
});

test(
  'another thread silences it, and nothing of it comes afterwards',
  judgingTimes(async () => {
    const gateway = await start();
    const { heard, stream } = await call(gateway, 'cut');
    const [speaker, listener] = [thread(), thread()];
    const answer = speaker.answer();
    speaker.order({ type: 'speak', handle: stream.playback(), seconds: 60, piece: 3_000 });
    while (heard.frames.length < 50) await sleep(5);
    listener.order({ type: 'clear', handle: stream.playback() });
    const result = await answer;
    await sleep(500);
    await always(() => {
      expect(result).toMatchObject({ isCleared: true, state: 'cleared' });
      expect(heard.stops.length).toBe(1);
      expect(heard.messages.at(-1)!.kind).toBe('stop');
    });
    expect(result['playedMs']).toBeGreaterThan(500);
    expect(result['playedMs']).toBeLessThan(1_200);
  }),
);

test('the events say what became of each utterance, and the record of the stream where its frames are', async () => {
  const gateway = await start();
  const told: string[] = [];
  gateway.on('playbackStarted', ({ id, number }) => told.push(`${number} ${id} begins`));
  gateway.on('playbackEnded', ({ id, end, sentMs }) => told.push(`${id} ${end} ${sentMs}`));
  const { heard, stream } = await call(gateway, 'events');
  const playback = new PlaybackWriter(stream.playback());
  const hello = playback.begin({ id: 'hello' });
  hello.write(counting(3_200));
  hello.end();
  await hello.played();
  playback.begin({ id: 'answer' }).write(counting(160_000));
  while (heard.frames.length < 12) await sleep(5);
  const ended = once(gateway, 'streamEnded');
  await heard.client.hangUp();
  const [record] = await ended;
  expect(told.slice(0, 3)).toEqual(['1 hello begins', 'hello played 200', '2 answer begins']);
  expect(told[3]).toMatch(/^answer discarded \d+$/);
  const { written, sent, cleared, discarded, queued } = record.playback;
  expect([written, cleared, queued, written - sent - discarded]).toEqual([510, 0, 0, 0]);
  expect(() => stream.playback()).toThrow(expect.objectContaining({ code: 'playback_refused' }));
});

test(
  'a program that leaves out the track of what was sent hears of the end at once, and has lost nothing',
  judgingTimes(async () => {
    const gateway = await start();
    const tracks: (string | null)[] = [];
    // Nobody asks for its ring: it is not waited for.
    gateway.on('participant', ({ participantId }) => tracks.push(participantId));
    const { heard, stream } = await call(gateway, 'left out');
    new PlaybackWriter(stream.playback()).begin().write(counting(160_000));
    while (heard.frames.length < 12) await sleep(5);
    const ended = once(gateway, 'streamEnded');
    const hungUpMs = performance.now();
    await heard.client.hangUp();
    const [record] = await ended;
    // A ring that was asked for and is not read is kept for ten seconds.
    expect(performance.now() - hungUpMs).toBeLessThan(5_000);
    expect(tracks).toEqual([playbackTrackId]);
    expect(record.sinks).toEqual([expect.objectContaining({ framesRead: 0, framesLapped: 0, isDrained: true })]);
  }),
);

test('a call that comes back is spoken to where it broke off', async () => {
  const gateway = await start({ resumeGraceMs: 5_000 });
  const { heard, stream } = await call(gateway, 'resume');
  const utterance = new PlaybackWriter(stream.playback()).begin();
  utterance.write(counting(64_000));
  utterance.end();
  while (heard.frames.length < 60) await sleep(5);
  heard.client.socket.terminate();
  await sleep(300);
  const again = await HeardCall.connect(gateway.port, 'resume');
  const { playedMs } = await utterance.played();
  expect(playedMs).toBe(4_000);
  // What the kernel had taken for the dead socket is lost; from there on nothing is missing.
  const all = pcmOf(counting(64_000));
  expect(all.subarray(all.length - again.pcm.length).equals(again.pcm)).toBe(true);
  expect(heard.pcm.equals(all.subarray(0, heard.pcm.length))).toBe(true);
  expect(heard.frames.length + again.frames.length).toBeGreaterThanOrEqual(200 - 15);
  await again.client.hangUp();
});

test('a peer that never reads holds little, and its writer learns of it', async () => {
  const gateway = await start({ playbackSeconds: 5 });
  const { heard, stream } = await call(gateway, 'deaf');
  const handle = stream.playback();
  const playback = new PlaybackWriter(handle);
  const utterance = playback.begin();
  utterance.write(counting(80_000));
  while (heard.frames.length < 60) await sleep(5);
  // The kernel takes what nobody reads, but pings are not answered.
  heard.client.socket.pause();
  for (let n = 0; n < 40; n++) {
    utterance.write(counting(16_000));
    await sleep(100);
  }
  expect(await metric(gateway, 'stalls_total')).toBe(1);
  expect(playback.queuedMs).toBe(5_000);
  playback.clear();
  await utterance.played();
  heard.client.socket.resume();
  while (heard.stops.length === 0) await sleep(5);
  expect(heard.messages.at(-1)!.kind).toBe('stop');
  expect(await metric(gateway, 'frames_unaccounted')).toBe(0);
});

test('a thread that writes over its queue harms no other call', async () => {
  const gateway = await start();
  const honest = await call(gateway, 'honest');
  const mad = await call(gateway, 'mad');
  const [speaker, scribbler] = [thread(), thread()];
  const answers = [speaker.answer(), scribbler.answer()];
  speaker.order({ type: 'speak', handle: honest.stream.playback(), seconds: 3, piece: 1_000 });
  const handle = mad.stream.playback();
  new PlaybackWriter(handle).begin().write(counting(16_000));
  scribbler.order({ type: 'garbage', handle });
  expect((await Promise.all(answers))[0]).toMatchObject({ playedMs: 3_000 });
  expect(honest.heard.pcm.equals(pcmOf(counting(48_000)))).toBe(true);
  expect(await metric(gateway, 'frames_unaccounted')).toBe(0);
  await mad.heard.client.hangUp();
  await honest.heard.client.hangUp();
  expect((await gateway.stop()).isExact).toBe(true);
});

test('a thread that dies in the middle of a word ends it, and another one continues', async () => {
  const gateway = await start();
  const { heard, stream } = await call(gateway, 'death');
  const speaker = thread();
  speaker.order({ type: 'speak', handle: stream.playback(), seconds: 60, piece: 5_000 });
  while (heard.frames.length < 20) await sleep(5);
  await speaker.end();
  const playback = new PlaybackWriter(stream.playback());
  playback.clear();
  const utterance = playback.begin();
  // The queue may be full of the dead one's words until the main thread has dropped them.
  for (let at = 0; at < 3_200; at += utterance.write(counting(3_200 - at, 5 + at))) await utterance.writable();
  utterance.end();
  expect(await utterance.played()).toEqual({ playedMs: 200, isCleared: false, underruns: 0 });
  const stopped = heard.messages.findIndex(({ kind }) => kind === 'stop');
  const after = heard.messages.slice(stopped + 1).map(({ pcm }) => pcm);
  expect(Buffer.concat(after).equals(pcmOf(counting(3_200, 5)))).toBe(true);
});

test('both sides are recorded, and the drain lets a goodbye end', async () => {
  const folder = temporaryFolder();
  const gateway = await start({ sink: `wav:${folder}`, drainTimeoutMs: 20_000 });
  const { heard, stream } = await call(gateway, 'both');
  let frame = 0;
  const microphone = setInterval(() => heard.speak(frame++), 20);
  onTestFinished(() => clearInterval(microphone));
  const playback = new PlaybackWriter(stream.playback());
  const utterance = playback.begin();
  utterance.write(counting(32_000));
  utterance.end();
  while (heard.frames.length < 10) await sleep(5);
  const stopping = gateway.stop();
  const { playedMs, isCleared, underruns } = await utterance.played();
  expect([playedMs, isCleared]).toEqual([2_000, false]);
  clearInterval(microphone);
  await heard.client.hangUp();
  expect((await stopping).isExact).toBe(true);
  expect(readdirSync(join(folder, 'both')).sort()).toEqual([
    'mixed.json',
    'mixed.wav',
    'playback.json',
    'playback.wav',
  ]);
  const wav = readFileSync(join(folder, 'both', 'playback.wav'));
  // On a machine that had no time there are gaps in it, where the call heard them.
  if (underruns === 0) expect(wav.subarray(wavHeaderBytes).equals(pcmOf(counting(32_000)))).toBe(true);
  const note = JSON.parse(readFileSync(join(folder, 'both', 'playback.json'), 'utf8'));
  expect(note).toMatchObject({ participantId: 'playback', complete: true, frames: 100, missing: 0, lapped: 0 });
});

test('an utterance ends with a mark, and what ACS says of it becomes an event', async () => {
  const gateway = await start({ playbackMarks: 'on' });
  const { heard, stream } = await call(gateway, 'marks');
  const told = once(gateway, 'mark');
  const utterance = new PlaybackWriter(stream.playback()).begin({ id: 'greeting "1"' });
  utterance.write(counting(3_200));
  utterance.end();
  await utterance.played();
  expect(heard.frames.map(({ mark }) => mark)).toEqual([...Array(9).fill(null), 'greeting "1"']);
  expect(heard.pcm.equals(pcmOf(counting(3_200)))).toBe(true);
  const markData = { id: 'greeting "1"', status: 'Completed' };
  heard.client.send(JSON.stringify({ kind: 'MarkData', markData }));
  expect(await told).toEqual([{ streamId: stream.id, ...markData }]);
  await heard.client.hangUp();
  const { account } = await gateway.stop();
  expect(account).toMatchObject({ ignored: 1, unaccounted: 0 });
});

test('when it is off, a stream cannot be asked for it', async () => {
  const gateway = await start({ playback: 'off' });
  const { heard, stream } = await call(gateway, 'off');
  expect(() => stream.playback()).toThrow(expect.objectContaining({ code: 'playback_refused' }));
  // What can be told of a stream still crosses threads.
  expect(structuredClone(stream)).toMatchObject({ id: stream.id });
  await heard.client.hangUp();
});
