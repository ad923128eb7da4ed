/**
 * Timestamps that wander, and messages that never came, through real sockets and workers into files: as many frames missing as were
 * lost, every other one in its file once, in order, and the files as long as the calls.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  drawLossyCall,
  type LossyCall,
  lengthFaultMs,
  lossyStampings,
  missingBounds,
} from '../decoder/lossy-stamps.ts';
import { audio, metadata, startMs } from '../decoder/messages.ts';
import { frameBytes, frameOf, stamp } from '../decoder/stamp-schedules.ts';
import { AcsClient } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { seed } from '../support/seed.ts';
import { always, judgingTimes } from '../support/starvation.ts';

const wavHeaderBytes = 80;
const frames = 350;
const speaker = '8:acs:speaker';

const calls = Object.keys(lossyStampings).flatMap((name, i) =>
  [0, 1, 2, 3].map((j) => drawLossyCall(name, seed + 4 * i + j, j % 2 === 1, frames)),
);

const holes = calls.reduce((sum, call) => sum + call.holes.length, 0);
const nameOf = (i: number) => `${calls[i]!.name}, ${calls[i]!.unmixed ? 'unmixed' : 'mixed'}, call ${i}, seed ${seed}`;

class Sender {
  sent = 0;
  private readonly call: LossyCall;
  private readonly client: AcsClient;

  private constructor(call: LossyCall, client: AcsClient) {
    this.call = call;
    this.client = client;
  }

  static async connect(url: string, call: LossyCall, name: string): Promise<Sender> {
    const client = await AcsClient.connect(url, { 'x-ms-call-connection-id': name });
    client.send(metadata({ subscriptionId: name }));
    return new Sender(call, client);
  }

  /** Sends what is due. */
  sendUntil(nowMs: number): void {
    const { dueMs, stampsMs, unmixed } = this.call;
    for (; this.sent < frames && dueMs[this.sent]! <= nowMs; this.sent++) {
      const data = frameOf(this.sent).toString('base64');
      const timestamp = stamp(startMs + stampsMs[this.sent]!);
      this.client.send(audio({ data, timestamp, ...(unmixed && { participantRawID: speaker }) }));
    }
  }

  async hangUp(): Promise<void> {
    await this.client.hangUp();
  }
}

/** What is wrong at this moment: more is missing than was lost so far, or less than was lost half a second before. */
async function unsettledOf(gateway: GatewayProcess, senders: readonly Sender[], seen: number[]): Promise<string[]> {
  const unsettled: string[] = [];
  const streams = await gateway.streams();
  for (const { callConnectionId, participants } of streams) {
    const i = Number(callConnectionId!.slice('call-'.length));
    const [participant] = participants;
    if (participant === undefined) continue;
    const missing = participant.missingFrames - participant.outOfOrderFrames;
    // The numbers of one report may be a batch apart: what was there the last time surely is in all of them.
    const { least, most } = missingBounds(calls[i]!, seen[i]!, senders[i]!.sent);
    if (missing < least || missing > most) unsettled.push(`${nameOf(i)}: ${missing}, not ${least} to ${most}`);
    seen[i] = participant.frames;
  }
  return unsettled;
}

/** Every frame of it once and in order, and between them nothing. Returns how long it is. */
function assertWhole(pcm: Buffer, name: string): number {
  let at = 0;
  for (let n = 0; n < frames; n++) {
    const found = pcm.indexOf(frameOf(n), at);
    if (found < 0) expect.fail(`${name}: frame ${n} is not behind the one before it`);
    if (pcm.subarray(at, found).some((byte) => byte !== 0)) expect.fail(`${name}: something else is before frame ${n}`);
    at = found + frameBytes;
  }
  expect(pcm.length, name).toBe(at);
  return at / 32;
}

test(
  'what was lost is missing, and nothing else, whatever the timestamps',
  judgingTimes(async () => {
    const folder = join(temporaryFolder(), 'recorded');
    // On a busy machine everything may come at once: that no reader is lapped is not what is tried here.
    const gateway = await GatewayProcess.start('--sink', `wav:${folder}`, '--ring-seconds', '60');
    onTestFinished(() => gateway.kill());
    const senders: Sender[] = [];
    for (const [i, call] of calls.entries()) senders.push(await Sender.connect(gateway.url, call, `call-${i}`));
    const seen = calls.map(() => 0);
    const unsettled: string[] = [];
    const sinceMs = performance.now();
    for (let turn = 0; senders.some(({ sent }) => sent < frames); turn++) {
      for (const sender of senders) sender.sendUntil(performance.now() - sinceMs);
      if (turn % 4 === 0) unsettled.push(...(await unsettledOf(gateway, senders, seen)));
      await sleep(60);
    }
    const received = async () =>
      (await gateway.streams()).every(({ participants }) => participants[0]?.frames === frames);
    await eventually(received);
    // By accident stamps that were late before a loss look like those behind it.
    expect(unsettled.length, unsettled.join('\n')).toBeLessThanOrEqual(holes / 20);
    await Promise.all(senders.map((sender) => sender.hangUp()));
    expect((await gateway.drain()).code).toBe(0);

    for (const [i, call] of calls.entries()) {
      const name = nameOf(i);
      const path = join(folder, `call-${i}`, call.unmixed ? speaker.replaceAll(':', '_') : 'mixed');
      const note = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
      const lengthMs = await always(() => {
        expect(note, name).toMatchObject({ frames, duplicate: 0, late: 0, lapped: 0 });
        return assertWhole(readFileSync(`${path}.wav`).subarray(wavHeaderBytes), name);
      });
      const { least, most } = missingBounds(call, frames, frames);
      expect(note.missing, name).toBeGreaterThanOrEqual(least);
      expect(note.missing, name).toBeLessThanOrEqual(most);
      expect(Math.abs(lengthFaultMs(call, lengthMs)), name).toBeLessThanOrEqual(20);
    }
  }),
);
