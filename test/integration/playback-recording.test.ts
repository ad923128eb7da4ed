/** Both sides in the one file of a call: what was sent into it stands where ACS heard it, next to what ACS sent. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { decodeWav } from '../../src/base/wav.ts';
import { PlaybackWriter, type Played, type StreamInfo, startGateway } from '../../src/index.ts';
import { HeardCall } from '../playback/heard-call.ts';
import { temporaryFolder } from '../support/folders.ts';
import { saidFrame } from '../support/said.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const frameSamples = 320;
const samplesPerMs = 16;
const caller = 1_000;

/** Sends what a caller says, as ACS does: at the pace of the clock on the wall, with its stamps. */
function talk(call: HeardCall): { readonly firstMs: number; stop(): void } {
  const firstMs = Math.ceil(performance.timeOrigin + performance.now());
  const pcm = Buffer.from(new Int16Array(frameSamples).fill(caller).buffer).toString('base64');
  let frame = 0;
  const timer = setInterval(() => {
    while (firstMs + frame * 20 <= performance.timeOrigin + performance.now()) {
      const timestamp = new Date(firstMs + frame++ * 20).toISOString();
      call.client.send(JSON.stringify({ kind: 'AudioData', audioData: { timestamp, data: pcm, silent: false } }));
    }
  }, 5);
  onTestFinished(() => clearInterval(timer));
  return { firstMs, stop: () => clearInterval(timer) };
}

/** When ACS plays each frame of what came, in samples from `firstMs` on; what was silenced is left out. */
function playedAt({ messages }: HeardCall, firstMs: number): Map<number, number> {
  const played = new Map<number, number>();
  let endMs = Number.NEGATIVE_INFINITY;
  for (const { kind, atMs, pcm } of messages) {
    if (kind === 'stop') {
      for (const [value, startMs] of played) if (startMs >= atMs) played.delete(value);
      endMs = atMs;
      continue;
    }
    const startMs = Math.max(atMs, endMs);
    endMs = startMs + 20;
    played.set(pcm.readInt16LE(0), startMs);
  }
  const toSamples = (ms: number) => Math.round((ms + performance.timeOrigin - firstMs) * samplesPerMs);
  return new Map([...played].map(([value, ms]) => [value, toSamples(ms)]));
}

/** Where each frame begins in a channel. */
function placesIn(channel: Int16Array): Map<number, number> {
  const places = new Map<number, number>();
  for (let at = 0; at < channel.length; at++) {
    const value = channel[at]!;
    if (value !== 0 && !places.has(value)) places.set(value, at);
  }
  return places;
}

function channelsOf(file: string): Int16Array[] {
  const { samples, channels } = decodeWav(readFileSync(file));
  return Array.from({ length: channels }, (_, channel) => {
    return Int16Array.from({ length: samples.length / channels }, (_, i) => samples[i * channels + channel]!);
  });
}

/** Two answers, one that is interrupted, and one after it. Returns what became of the first. */
async function speak(playback: PlaybackWriter): Promise<Played> {
  const say = (frames: number) => {
    const utterance = playback.begin();
    utterance.write(saidFrame(utterance.number, 0, frames));
    utterance.end();
    return utterance.played();
  };
  await sleep(300);
  const first = await say(40);
  await sleep(250);
  await say(25);
  const interrupted = say(100);
  await sleep(600);
  playback.clear();
  await interrupted;
  await say(30);
  return first;
}

test(
  'a recording has what ACS heard at the moment at which it heard it, in stereo and with a channel each',
  judgingTimes(async (machine) => {
    const folder = temporaryFolder();
    const layouts = ['stereo', 'multichannel'] as const;
    const sink = layouts.map((layout) => `wav:${join(folder, layout)}?call=${layout}`);
    const options = { port: 0, adminPort: 0, logLevel: 'silent', workers: 1, drainTimeoutMs: 10_000 } as const;
    const gateway = await startGateway({ ...options, sink });
    onTestFinished(async () => {
      await gateway.stop();
    });
    const connected = once(gateway, 'stream') as Promise<[StreamInfo]>;
    const heard = await HeardCall.connect(gateway.port, 'call');
    const { firstMs, stop } = talk(heard);
    const [stream] = await connected;
    const { underruns } = await speak(new PlaybackWriter(stream.playback()));
    await sleep(100);
    stop();
    await heard.client.hangUp();
    expect((await gateway.stop()).isExact).toBe(true);

    const file = (layout: string, name: string) => join(folder, layout, 'call', name);
    expect(layouts.map((layout) => existsSync(file(layout, 'call.wav')))).toEqual([true, true]);
    const [left, right] = channelsOf(file('stereo', 'call.wav')) as [Int16Array, Int16Array];
    const note = (name: string) => JSON.parse(readFileSync(file('stereo', name), 'utf8'));
    const places = placesIn(right);
    await always(() => {
      // Both layouts have the same, and it is what the file of the track has, at its moment.
      expect(channelsOf(file('multichannel', 'call.wav')).map((channel) => Buffer.from(channel.buffer))).toEqual(
        [left, right].map((channel) => Buffer.from(channel.buffer)),
      );
      expect(note('call.json')).toMatchObject({ channels: [['mixed'], ['playback']], complete: true });
      const [track] = channelsOf(file('stereo', 'playback.wav')) as [Int16Array];
      const offset = Date.parse(note('playback.json').firstTimestamp) - Date.parse(note('call.json').firstTimestamp);
      expect(Buffer.from(right.slice(offset * samplesPerMs, offset * samplesPerMs + track.length).buffer)).toEqual(
        Buffer.from(track.buffer),
      );
      expect(left.subarray(0, 100 * frameSamples).every((sample) => sample === caller)).toBe(true);
      // What the call heard is all there, and a frame follows the one before to the sample.
      for (const [value] of playedAt(heard, firstMs)) expect(places.has(value), `frame ${value}`).toBe(true);
      for (let frame = 1; frame < 40; frame++)
        expect(places.get(1_000 + frame)! - places.get(1_000)!).toBeGreaterThanOrEqual(frame * frameSamples);
    });
    for (const [value, expected] of playedAt(heard, firstMs)) {
      const offMs = Math.abs(places.get(value)! - expected) / samplesPerMs;
      // The way there and back, and a timer of this test's.
      expect(offMs, `frame ${value}`).toBeLessThan(25 + 2 * machine.worstMs);
    }
    // On a machine that had no time there are gaps in it, where the call heard them.
    if (underruns > 0) return;
    const follow = Array.from({ length: 40 }, (_, frame) => places.get(1_000 + frame)! - places.get(1_000)!);
    expect(follow).toEqual(follow.map((_, frame) => frame * frameSamples));
  }),
);
