/**
 * Hears calls on another machine: takes the frames that a gateway publishes with `--sink nats://…`, puts each participant
 * together again, says what is missing. Start it several times with the same `--group`, and they share the participants.
 *
 *   node examples/nats-consumer/main.ts --server nats://127.0.0.1:4222 --group transcribers --save ./heard
 */
import { parseArgs } from 'node:util';
import { connect } from '@nats-io/transport-node';
import { Group } from './group.ts';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'nats://127.0.0.1:4222' },
    prefix: { type: 'string', default: 'acs.audio' },
    group: { type: 'string', default: 'listeners' },
    save: { type: 'string', default: './heard' },
  },
});

const totals = { participants: 0, received: 0, repeated: 0, missing: 0 };

// The gateway waits half a second for its consumers when a server comes back: try more often than that, and never give up.
const nats = await connect({ servers: values.server, reconnectTimeWait: 100, maxReconnectAttempts: -1 });

const group = new Group(nats, {
  prefix: values.prefix,
  name: values.group,
  folder: values.save,
  onTaken: ({ subject }) => console.log(`${subject}: listening`),
  onEnded: ({ subject, received, repeated, missing }, event) => {
    totals.participants++;
    totals.received += received;
    totals.repeated += repeated;
    totals.missing += missing;
    const before =
      event === null ? 'the gateway fell silent' : `${(event.lapped ?? 0) + (event.lost ?? 0)} lost before NATS`;
    console.log(`${subject}: ended, ${received} received, ${missing} missing (${before}), ${repeated} repeated`);
  },
});
await nats.flush();
console.log(`listening to ${values.prefix}.> at ${values.server}, in the group ${values.group}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    group.stop();
    console.log(JSON.stringify(totals));
    await nats.close();
  });
}
