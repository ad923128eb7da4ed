/**
 * Speaks into calls from another machine: says back what each participant says, a second later. For a gateway with
 * `--sink 'nats://…?playback'`.
 *
 *   node examples/nats-agent/main.ts --server nats://127.0.0.1:4222
 */
import { parseArgs } from 'node:util';
import { connect, headers } from '@nats-io/transport-node';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'nats://127.0.0.1:4222' },
    prefix: { type: 'string', default: 'acs.audio' },
    delay: { type: 'string', default: '1000' },
  },
});
const nats = await connect({ servers: values.server, reconnectTimeWait: 100, maxReconnectAttempts: -1 });

type Event = Record<'type' | 'subject' | 'playback' | 'track' | 'participantId', string> & { sampleRate: number };

function echo(subject: string, playback: string, track: string, sampleRate: number): void {
  const fields = headers();
  fields.set('Acs-Utterance', track);
  fields.set('Acs-Live', 'true');
  // The delay is silence, written first: the queue holds it, and needs no timer here.
  nats.publish(playback, new Uint8Array(2 * Math.round((sampleRate * Number(values.delay)) / 1000)), {
    headers: fields,
  });
  const frames = nats.subscribe(subject, {
    callback: (_error, frame) => {
      if (frame.headers?.get('Acs-Track') === track) nats.publish(playback, frame.data, { headers: fields });
    },
  });
  const events = nats.subscribe(`${subject}.event`, {
    callback: (_error, message) => {
      const event = message.json<Event>();
      if (event.type !== 'ended' || event.track !== track) return;
      fields.set('Acs-End', 'true');
      nats.publish(playback, '', { headers: fields });
      frames.unsubscribe();
      events.unsubscribe();
    },
  });
}

nats.subscribe(`${values.prefix}.*.*.event`, {
  callback: (_error, message) => {
    const { type, subject, playback, track, sampleRate, participantId } = message.json<Event>();
    // What is sent into the call is a track too: it must not be said again.
    if (type !== 'started' || participantId === 'playback') return;
    console.log(`${subject}: ${playback === undefined ? 'the gateway has no ?playback' : 'echoing'}`);
    if (playback !== undefined) echo(subject, playback, track, sampleRate);
  },
});
await nats.flush();
console.log(`listening to ${values.prefix}.> at ${values.server}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => nats.close());
