/**
 * What a worker decodes before it has its lane: code that has never run takes five times as long, and all calls of a lane would
 * wait for it, when a thousand come at once or one peer floods. Calls that begin, speak, send tones and nonsense, and end, in a
 * memory of their own. Worker thread.
 */
import { costlyMessagesMax, frameDurationMs, otherMessages } from '../base/limits.ts';
import { SharedMemory } from '../memory/shared-memory.ts';
import { recordBytes, ringSlotCount } from '../memory/sizes.ts';
import { recordKind } from '../memory/states.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { Parsers } from '../protocol/parsers.ts';
import { FrameDecoder } from './frame-decoder.ts';

/** Costs a worker some 60 ms as it starts; more of them make little difference. */
const calls = 60;
const participants = 16;
const framesEach = 3;
/** So many calls of all end in a flood. Early: what is compiled without one is thrown away at the first. */
const floods = 3;
const floodMessages = otherMessages.atOnceMax + costlyMessagesMax + 20;

function audio(participant: number, frame: number): string {
  const timestamp = new Date(Date.UTC(2024, 0) + frame * frameDurationMs).toISOString();
  const data = Buffer.alloc(640, frame).toString('base64');
  // The first one is mixed audio.
  const participantRawID = participant === 0 ? null : `4:+15550100${participant}`;
  return JSON.stringify({ kind: 'AudioData', audioData: { timestamp, participantRawID, data, silent: false } });
}

function metadata(sampleRate: number): string {
  const audioMetadata = { subscriptionId: 'rehearsal', encoding: 'PCM', sampleRate, channels: 1, length: 640 };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata });
}

/** What a call sends: audio of all, what is no audio, and with another format one more each, for which there is no room. */
function messages(tones: number): Buffer[] {
  const everybody = Array.from({ length: participants }, (_, participant) => participant);
  const texts = [metadata(16_000)];
  for (let frame = 0; frame < framesEach; frame++) texts.push(...everybody.map((one) => audio(one, frame)));
  texts.push('{"kind":"MarkData","markData":{"id":"a","status":"Completed"}}');
  const tone = '{"kind":"DtmfData","dtmfData":{"data":"5"}}';
  for (let n = 0; n < tones; n++) texts.push(tone);
  texts.push('{}', '', metadata(24_000), ...everybody.map((one) => audio(one, framesEach)));
  return texts.map((text) => Buffer.from(text));
}

/** Decodes some calls, one after the other. */
export function rehearse(parsers: Parsers, clock: () => number): void {
  const call = messages(1);
  const flood = messages(floodMessages);
  const laneHalfBytes = 2 * flood.reduce((sum, message) => sum + recordBytes(message.length), 0);
  const ringSlots = ringSlotCount(1);
  const sizes = { ringCount: participants, ringSlotCount: ringSlots, streamCount: 1, participantsMax: participants };
  const memory = SharedMemory.create({ ...sizes, laneCount: 1, laneHalfBytes });
  const decoder = new FrameDecoder(memory, 0, parsers, clock);
  const lane = memory.lanes[0]!;
  const record = lane.record();
  let ordinal = 0;
  for (let n = 0; n < calls; n++) {
    let tail = 0;
    const put = (kind: number, payload: Buffer) => {
      record.moveTo(tail);
      record.write(kind, 0, ordinal, clock(), payload);
      tail += recordBytes(payload.length);
    };
    lane.release(0);
    for (const message of n < floods ? flood : call) {
      ordinal++;
      put(recordKind.message, message);
    }
    put(recordKind.close, Buffer.alloc(0));
    put(recordKind.release, Buffer.alloc(0));
    decoder.decode(tail);
    decoder.takeChanges();
    new StreamSlot(memory, 0).zero();
  }
}
