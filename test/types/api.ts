/** Misuse of the public API that its types must catch. Compiled with the rest, never run: an error that goes away fails. */
import type { Writable } from 'node:stream';
import type pino from 'pino';
import {
  defineSink,
  Frame,
  FrameBatch,
  type GatewayOptions,
  type Participant,
  type PlaybackHandle,
  PlaybackWriter,
  type RingHandle,
  RingReader,
  type StreamInfo,
  startGateway,
  type Track,
} from '../../src/index.ts';

export async function settings(): Promise<void> {
  // @ts-expect-error the key of a file, not the flag
  await startGateway({ 'ring-seconds': 2 });
  // @ts-expect-error a number
  await startGateway({ port: '8080' });
  // @ts-expect-error one of three
  await startGateway({ decoder: 'fast' });
  // @ts-expect-error a list
  await startGateway({ readers: 'one' });
  const options: GatewayOptions = { port: 0, sink: ['wav:./x'], readers: ['a'] };
  void ({ sink: 'wav:./x' } satisfies GatewayOptions);
  const gateway = await startGateway(options);
  // @ts-expect-error decided at the start
  gateway.port = 1;
}

export async function logging(stream: Writable, logger: pino.Logger, signal: AbortSignal): Promise<void> {
  await startGateway({ log: stream, signal });
  await startGateway({ log: logger });
  // @ts-expect-error a stream or a logger, not a path
  await startGateway({ log: './gateway.log' });
}

export async function disposal(participant: Participant): Promise<void> {
  await using gateway = await startGateway();
  using reader = new RingReader(participant.ring());
  // @ts-expect-error a gateway ends later
  using other = gateway;
  return void [reader, other];
}

export async function events(): Promise<void> {
  const gateway = await startGateway();
  gateway.on('participant', (participant) => {
    const handle: RingHandle = participant.ring();
    const id: string | null = participant.participantId;
    // @ts-expect-error null when the audio is mixed
    id.length;
    return [handle, id];
  });
  // @ts-expect-error no such event
  gateway.on('participants', () => {});
  // @ts-expect-error the record of a stream, not a number
  gateway.on('streamEnded', (record: number) => record);
  gateway.on('playbackStarted', ({ streamId, number }) => [streamId, number]);
  gateway.on('playbackEnded', ({ end, sentMs }) => {
    // @ts-expect-error no such end
    if (end === 'stopped') return 0;
    return sentMs;
  });
  gateway.on('dtmf', ({ tone }) => tone.length);
  const participant: Participant | undefined = gateway.streams.get('id')?.participants[0];
  // @ts-expect-error a view: only calls change it
  gateway.streams.delete('id');
  for await (const { participantId } of gateway.participants()) if (participantId === participant?.participantId) break;
  gateway.on('participantEnded', (track, report) => [track.sampleRate, report.missingFrames]);
}

export function reading(participant: Participant, track: Track): void {
  const reader = new RingReader(participant.ring('a'), { from: 'newest' });
  // @ts-expect-error a participant is no handle: it does not cross threads
  new RingReader(participant);
  // @ts-expect-error oldest or newest
  new RingReader(participant.ring(), { from: 'now' });
  // @ts-expect-error a place for the frame is needed
  reader.read();
  // @ts-expect-error a batch, not a frame
  reader.readBatch(new Frame());
  const result = reader.read(new Frame());
  // @ts-expect-error only waiting can time out
  if (result === 'timeout') return;
  if (reader.wait(10) === 'timeout') return;
  // @ts-expect-error counted by the reader
  reader.framesRead = 0;
  // @ts-expect-error what was said cannot be changed
  track.sampleRate = 8000;
  // @ts-expect-error a stream of frames, not of bytes
  const bytes: ReadableStream<Uint8Array> = reader.toWebStream();
  const kept: Frame = new Frame().copy();
  const batch = new FrameBatch(50);
  // @ts-expect-error 16-bit samples, not numbers from -1 to 1: toFloat32
  const floats: Float32Array = batch.samples;
  return void [floats, bytes, kept];
}

export async function speaking(stream: StreamInfo): Promise<void> {
  const handle: PlaybackHandle = stream.playback();
  const playback = new PlaybackWriter(handle);
  // @ts-expect-error a stream is no handle: ask it for its playback
  new PlaybackWriter(stream);
  // @ts-expect-error a number
  playback.begin({ sampleRate: '24000' });
  // @ts-expect-error a text
  playback.begin({ id: 7 });
  const utterance = playback.begin({ sampleRate: 24_000, id: 'greeting' });
  // @ts-expect-error samples, not bytes
  utterance.write(Buffer.alloc(640));
  const taken: number = utterance.write(new Float32Array(480));
  // @ts-expect-error ended by `end`
  utterance.state = 'ended';
  // @ts-expect-error no such state
  if (utterance.state === 'played') return;
  const { playedMs, isCleared, underruns } = await utterance.played();
  // @ts-expect-error cleared by the writer, all at once
  utterance.clear();
  playback.clear();
  // @ts-expect-error what is said cannot be changed
  playback.queuedMs = 0;
  return void [taken, playedMs, isCleared, underruns];
}

export const sinks = [
  defineSink((options) => ({
    // @ts-expect-error options are texts
    readIntervalMs: options['interval'] * 2,
    open: () => ({ write: (frame) => void frame.samples[0] }),
  })),
  defineSink(() => ({
    speaks: true,
    streamStarted: (stream) => void stream.playback().begin({ id: stream.streamId }),
    open: (_track, _checkpoint, stream) => ({ write: (frame) => void stream.playback().begin().write(frame.samples) }),
  })),
  // @ts-expect-error a sink speaks or does not
  defineSink(() => ({ speaks: 'yes', open: () => ({ write: () => {} }) })),
  // @ts-expect-error a sink opens tracks
  defineSink(() => ({ write: () => {} })),
  // @ts-expect-error a writer writes
  defineSink(() => ({ open: () => ({ flush: () => {} }) })),
];
