/**
 * The steps of a frame's way, one by one, at one sample rate. Every step is fed with the messages of hundreds of
 * participants in turn, answers with a number that depends on all of its work, and is checked when it is done.
 */
import { decoderNames } from '../../src/config/decoder-names.ts';
import { batchSteps } from './batches.ts';
import { type AudioMessage, audioMessages, inboxOf, metadataMessage } from './messages.ts';
import { createDecodeStep, createParse, isUsable, LaneRig, Rings, writeBase64 } from './rig.ts';

interface StepFacts {
  /** The row's name: a group, ` · `, and the step. */
  readonly name: string;
  readonly column: string;
  readonly unit: 'ns' | 'ms';
  /** Frames, or whatever the figure is given per, in one run. */
  readonly perRun: number;
  /** Not measured; before every run. */
  readonly prepare?: () => void;
  /** Throws when the step did not do what it is measured for. */
  readonly check?: () => void;
  readonly stop?: () => void;
  /** It turns messages into PCM in shared memory, or in a Buffer: comparable with the others of its kind. */
  readonly isWhole?: boolean;
  readonly remarks?: readonly string[];
}

/** `run` answers with a number that depends on all of its work. */
export type Step = StepFacts &
  (
    | { readonly isAsync: false; readonly run: () => number }
    | { readonly isAsync: true; readonly run: () => Promise<number> }
  );

/** Participants, and different messages. */
export const messageCount = 500;
/** Messages that a lane holds at a time: two milliseconds of 1,000 streams. */
const batchSize = 100;
/** Places in each participant's ring that steps without a decoder write in turn. */
const placesPerRing = 8;

export const names = {
  decodeStep: 'decode step: scan + base64 into the ring',
  jsonToShared: 'JSON.parse(latin1) + base64 into shared memory',
} as const;

export function groupOf(sampleRate: number): string {
  return `${sampleRate / 1000} kHz`;
}

export async function stepsOf(sampleRate: number): Promise<Step[]> {
  const messages = audioMessages(messageCount, sampleRate);
  const steps = [
    await laneStep('lane push, aligned source', messages, sampleRate, 0),
    await laneStep('lane push, unaligned source', messages, sampleRate, 3),
    ...parseSteps(messages),
    ...decodeSteps(messages, sampleRate),
    ...(await batchSteps(sampleRate)),
    ...ringSteps(messages, sampleRate),
  ];
  return steps.map((step) => ({ ...step, name: `${groupOf(sampleRate)} · ${step.name}` }));
}

function perFrame(name: string, run: () => number, more: Partial<StepFacts> = {}): Step {
  return { name, column: 'time per frame', unit: 'ns', perRun: messageCount, isAsync: false, run, ...more };
}

async function laneStep(name: string, messages: readonly AudioMessage[], rate: number, lease: number): Promise<Step> {
  const { views } = inboxOf(messages, false, lease);
  const rig = await LaneRig.create(messageCount, metadataMessage(rate));
  const run = () => {
    let pushed = 0;
    for (let i = 0; i < messageCount; i++) {
      if (i % batchSize === 0) rig.skip();
      pushed += rig.push(i, i, views[i]!);
    }
    return pushed;
  };
  return perFrame(name, run, { stop: () => rig.stop() });
}

function parseSteps(messages: readonly AudioMessage[]): Step[] {
  const { bytes, starts, ends } = inboxOf(messages, true);
  const usable = decoderNames.filter(isUsable);
  const absent = decoderNames.filter((decoder) => !usable.includes(decoder));
  const remarks = absent.map((decoder) => `no row for the decoder ${decoder}: its addon is not built on this machine`);
  return usable.map((decoder) => {
    const parse = createParse(decoder);
    const run = () => {
      let found = 0;
      for (let i = 0; i < messageCount; i++) found += parse(bytes, starts[i]!, ends[i]!);
      return found;
    };
    return perFrame(`parse, decoder ${decoder}`, run, { remarks });
  });
}

interface AudioJson {
  readonly audioData: { readonly data: string };
}

function decodeSteps(messages: readonly AudioMessage[], sampleRate: number): Step[] {
  const { bytes, starts, ends } = inboxOf(messages, true);
  const texts = messages.map(({ pcm }) => pcm.toString('base64'));
  const pcmBytes = messages[0]!.pcm.length;
  const { writers } = new Rings(ids(messages), sampleRate);
  const target = writers[0]!.bytes;
  const places = Array.from({ length: placesPerRing }, () =>
    Int32Array.from(writers, (writer) => {
      const at = writer.nextPcm();
      writer.commit(pcmBytes, 0, 0, 0, 0, 0);
      return at;
    }),
  );
  let round = 0;
  /** Every message to the next place of its participant's ring. */
  const whole = (name: string, take: (i: number, at: number) => number, isWhole = true): Step => {
    const run = () => {
      const at = places[++round % placesPerRing]!;
      let written = 0;
      for (let i = 0; i < messageCount; i++) written += take(i, at[i]!);
      return written;
    };
    const check = () => {
      for (const at of places) for (const place of at) target.fill(0, place, place + pcmBytes);
      run();
      const at = places[round % placesPerRing]!;
      const isRight = messages.every(({ pcm }, i) => pcm.equals(target.subarray(at[i]!, at[i]! + pcmBytes)));
      if (!isRight) throw new Error(`${name}: the PCM is not what was sent`);
    };
    return perFrame(name, run, { check, isWhole });
  };

  const decodeStep = createDecodeStep();
  const toBuffer = () => {
    let read = 0;
    for (let i = 0; i < messageCount; i++) {
      const { audioData } = JSON.parse(bytes.toString('utf8', starts[i], ends[i])) as AudioJson;
      const pcm = Buffer.from(audioData.data, 'base64');
      read += pcm.length + pcm[i]!;
    }
    return read;
  };
  return [
    perFrame("JSON.parse(utf8) + Buffer.from(data, 'base64')", toBuffer, { isWhole: true }),
    whole(names.jsonToShared, (i, at) => {
      const { audioData } = JSON.parse(bytes.toString('latin1', starts[i], ends[i])) as AudioJson;
      return target.write(audioData.data, at, 'base64');
    }),
    whole(names.decodeStep, (i, at) => decodeStep(bytes, starts[i]!, ends[i]!, target, at)),
    whole('base64 alone into shared memory', (i, at) => writeBase64(texts[i]!, target, at), false),
  ];
}

function ids(messages: readonly AudioMessage[]): string[] {
  return messages.map(({ participantId }) => participantId);
}

function ringSteps(messages: readonly AudioMessage[], sampleRate: number): Step[] {
  const written = new Rings(ids(messages), sampleRate);
  let frame = 0;
  const write = () => {
    frame++;
    let sum = 0;
    for (let i = 0; i < messageCount; i++) sum += written.write(i, messages[i]!.pcm, frame);
    return sum;
  };

  // A sink looks at a ring twice a second and finds 25 frames.
  const read = new Rings(ids(messages), sampleRate);
  const [framesPerRing, ringsPerRun] = [25, messageCount / 25];
  let first = 0;
  const fill = () => {
    first = (first + ringsPerRun) % messageCount;
    for (let i = first; i < first + ringsPerRun; i++) {
      for (let n = 0; n < framesPerRing; n++) read.write(i, messages[i]!.pcm, n);
    }
  };
  const drain = () => {
    let bytes = 0;
    for (let i = first; i < first + ringsPerRun; i++) for (let n = 0; n < framesPerRing; n++) bytes += read.read(i);
    return bytes;
  };
  return [perFrame('ring write', write), perFrame('ring read', drain, { prepare: fill })];
}
