/**
 * Entry of a consumer's process: hears everything below a prefix, or reads a JetStream stream from its beginning, and tells
 * its parent on demand what it has. Knows the documented messages and nothing of the gateway.
 */
import { readFileSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { ConsumerAnswer, ConsumerOptions, ConsumerQuestion, ConsumerSummary } from './consumer.ts';
import { HeardTrack } from './heard.ts';
import { audioOf, type HeardEvent, type HeardMessage } from './message.ts';

const options = JSON.parse(process.argv[2]!) as ConsumerOptions;
const tracks = new Map<string, HeardTrack>();
const problems: string[] = [];
let connections = 1;
let messages = 0;

function trackOf(id: string): HeardTrack {
  let track = tracks.get(id);
  if (track === undefined) {
    track = new HeardTrack(id, options.facts === true);
    tracks.set(id, track);
  }
  return track;
}

function hear(message: HeardMessage): void {
  const { subject } = message;
  const atMs = Date.now();
  messages++;
  try {
    if (subject.endsWith('.event')) {
      const event = JSON.parse(Buffer.from(message.data).toString()) as HeardEvent;
      if (`${event.subject}.event` !== subject) throw new Error('an event on the subject of another track');
      trackOf(event.track).event(event, atMs);
      return;
    }
    const { track, sampleRate, frames } = audioOf(message);
    const heard = trackOf(track);
    for (const frame of frames) {
      heard.frame(subject, sampleRate, frame, atMs);
    }
  } catch (error) {
    if (problems.length < 10) problems.push(`${subject.slice(0, 100)}: ${(error as Error).message}`);
  }
}

async function replay(connection: NatsConnection, stream: string): Promise<void> {
  const consumer = await jetstream(connection).consumers.get(stream);
  const { num_pending: pending } = await consumer.info();
  if (pending === 0) return;
  for await (const message of await consumer.consume({ max_messages: 1000 })) {
    hear(message);
    if (message.info.pending === 0) return;
  }
}

function summary(): ConsumerSummary {
  let [received, repeated, ended] = [0, 0, 0];
  for (const track of tracks.values()) {
    received += track.received;
    repeated += track.repeated;
    if (track.isEnded) ended++;
  }
  return { messages, received, repeated, tracks: tracks.size, ended, connections, problems };
}

function answer(question: ConsumerQuestion): ConsumerAnswer {
  if (question === 'summary') return summary();
  return Array.from(tracks.values(), (track) => track.report());
}

const { server, prefix = 'acs.audio', user, pass, token, ca, reconnectMs = 100 } = options;
const connection = await connect({
  servers: server,
  reconnectTimeWait: reconnectMs,
  reconnectJitter: 0,
  maxReconnectAttempts: -1,
  waitOnFirstConnect: true,
  ...(user !== undefined && { user, pass: pass ?? '' }),
  ...(token !== undefined && { token }),
  ...(ca !== undefined && { tls: { ca: readFileSync(ca, 'utf8') } }),
});
process.on('message', (question: ConsumerQuestion) => process.send!(answer(question)));
process.on('disconnect', () => process.exit(0));
if (options.replay === undefined) {
  connection.subscribe(`${prefix}.>`, {
    callback: (error, message) => {
      if (error !== null) problems.push(error.message);
      else hear(message);
    },
  });
  await connection.flush();
} else await replay(connection, options.replay);
process.send!('ready');
for await (const status of connection.status()) if (status.type === 'reconnect') connections++;
