/**
 * Forty calls that are spoken to, interrupted, hung up, broken off and stalled, as a seed says, and a drain in the middle of it: what
 * each has heard is in order and without a hole, nothing of a cut utterance comes after the cut, everybody who waits is told.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  PlaybackWriter,
  type Played,
  type RunningGateway,
  type StreamInfo,
  startGateway,
  type Utterance,
} from '../../src/index.ts';
import { HeardCall } from '../playback/heard-call.ts';
import { generator, seed } from '../support/seed.ts';

const callCount = 40;
const frameSamples = 320;

/** Every sample of a frame says which one of which utterance it is. */
function words(utterance: number, frames: number): Int16Array {
  const value = (frame: number) => utterance * 1000 + frame;
  return Int16Array.from({ length: frames * frameSamples }, (_, i) => value(Math.floor(i / frameSamples)));
}

class Caller {
  readonly sockets: HeardCall[] = [];
  readonly played: Promise<Played>[] = [];
  readonly utterances: Utterance[] = [];
  private readonly gateway: RunningGateway;
  private readonly playback: PlaybackWriter;
  private readonly name: string;
  isOver = false;

  constructor(gateway: RunningGateway, name: string, stream: StreamInfo, heard: HeardCall) {
    this.gateway = gateway;
    this.name = name;
    this.playback = new PlaybackWriter(stream.playback());
    this.sockets.push(heard);
  }

  get heard(): HeardCall {
    return this.sockets.at(-1)!;
  }

  speak(frames: number): void {
    const utterance = this.playback.begin();
    this.utterances.push(utterance);
    this.played.push(utterance.played());
    utterance.write(words(utterance.number, frames));
    utterance.end();
  }

  clear(): void {
    this.playback.clear();
  }

  async breakOff(): Promise<void> {
    this.heard.client.socket.terminate();
    this.sockets.push(await HeardCall.connect(this.gateway.port, this.name));
  }

  async stall(ms: number): Promise<void> {
    const { socket } = this.heard.client;
    socket.pause();
    await sleep(ms);
    socket.resume();
  }

  async hangUp(): Promise<void> {
    this.isOver = true;
    await this.heard.client.hangUp();
  }

  /** Throws when something was heard that should not have been. */
  judge(): void {
    for (const socket of this.sockets) {
      let last = { utterance: 0, frame: -1 };
      let stoppedAt = 0;
      for (const { kind, pcm } of socket.messages) {
        if (kind === 'stop') {
          stoppedAt = last.utterance;
          continue;
        }
        const value = pcm.readInt16LE(0);
        expect(pcm.readInt16LE(pcm.length - 2), this.name).toBe(value);
        const [utterance, frame] = [Math.floor(value / 1000), value % 1000];
        const isNext = utterance === last.utterance && frame === last.frame + 1;
        const isNew = utterance > last.utterance && (frame === 0 || last.frame === -1);
        expect(isNext || isNew, `${this.name}: ${utterance}.${frame} after ${last.utterance}.${last.frame}`).toBe(true);
        expect(utterance, `${this.name}: after the cut`).toBeGreaterThan(stoppedAt);
        last = { utterance, frame };
      }
    }
  }
}

test('heard is what should have been heard, whatever happens', async () => {
  const random = generator(seed);
  const gateway = await startGateway({
    port: 0,
    adminPort: 0,
    logLevel: 'silent',
    workers: 2,
    resumeGraceMs: 20_000,
    drainTimeoutMs: 2_000,
  });
  onTestFinished(async () => {
    await gateway.stop();
  });
  const callers: Caller[] = [];
  for (let n = 0; n < callCount; n++) {
    const connected = once(gateway, 'stream') as Promise<[StreamInfo]>;
    const heard = await HeardCall.connect(gateway.port, `call ${n}`);
    callers.push(new Caller(gateway, `call ${n}`, (await connected)[0], heard));
  }
  const busy = new Set<Caller>();
  const alone = async (caller: Caller, deed: Promise<void>) => {
    busy.add(caller);
    await deed.finally(() => busy.delete(caller));
  };
  const deeds: Promise<void>[] = [];
  for (let turn = 0; turn < 250; turn++) {
    const caller = callers[Math.floor(random() * callers.length)]!;
    const dice = random();
    const frames = 1 + Math.floor(random() * 150);
    await sleep(20);
    if (caller.isOver || busy.has(caller)) continue;
    if (dice < 0.55 && caller.utterances.length < 25) caller.speak(frames);
    else if (dice < 0.75) caller.clear();
    else if (dice < 0.83) deeds.push(alone(caller, caller.breakOff()));
    else if (dice < 0.93) deeds.push(alone(caller, caller.stall(frames * 15)));
    else if (dice < 0.96) deeds.push(alone(caller, caller.hangUp()));
  }
  await Promise.all(deeds);
  const stopping = gateway.stop();
  await sleep(300);
  await Promise.all(
    callers
      .filter(({ isOver }) => !isOver)
      .slice(0, callCount / 3)
      .map((caller) => caller.hangUp()),
  );
  const { isExact } = await stopping;
  const ends = await Promise.all(callers.flatMap(({ played }) => played));
  expect(ends.length).toBeGreaterThan(80);
  for (const caller of callers) {
    expect(caller.utterances.every(({ state }) => state !== 'open')).toBe(true);
    caller.judge();
  }
  expect(isExact).toBe(true);
});
