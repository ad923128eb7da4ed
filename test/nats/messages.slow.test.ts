/** Subjects, headers and events as the contract has them, for ids that mean something to NATS, and for ordinary ones. */
import { join } from 'node:path';
import { connect, type Msg } from '@nats-io/transport-node';
import { expect, onTestFinished } from 'vitest';
import { AcsClient, audio, firstTimestampMs, metadata } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { accountOf, NatsConsumer } from './consumer.ts';
import { drainExactly, isReady, startOn, startWithSink } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

/** Every message below a subject, as the client library has it. */
async function listen(server: NatsServer, subject: string): Promise<Msg[]> {
  const connection = await connect({ servers: server.address });
  onTestFinished(() => connection.close());
  const heard: Msg[] = [];
  connection.subscribe(subject, { callback: (_error, message) => void heard.push(message) });
  await connection.flush();
  return heard;
}

const callId = '00000000-0000-4000-8000-000000000001';

test('a frame is a message with the contract’s headers, its payload nothing but the PCM', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startOn(server);
  const heard = await listen(server, 'acs.audio.>');
  const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': callId });
  client.send(metadata(), audio(0, undefined, '4:+15550100000'), audio(3, undefined, '4:+15550100000'));
  await client.hangUp();
  await eventually(() => heard.length === 4);

  const subject = `acs.audio.${callId}.4_+15550100000`;
  expect(heard.map((message) => message.subject)).toEqual([`${subject}.event`, subject, subject, `${subject}.event`]);
  const [started, first, second, ended] = heard as [Msg, Msg, Msg, Msg];
  expect(Buffer.from(first.data)).toEqual(Buffer.alloc(640, 1));
  expect(Buffer.from(second.data)).toEqual(Buffer.alloc(640, 4));
  const headersOf = ({ headers }: Msg) => Object.fromEntries(headers!.keys().map((name) => [name, headers!.get(name)]));
  const { track } = started.json<{ track: string }>();
  expect(headersOf(first)).toEqual({
    'Acs-Track': track,
    'Acs-Sequence': '0',
    'Acs-Timestamp': new Date(firstTimestampMs).toISOString(),
    'Acs-Sample-Rate': '16000',
    'Acs-Silent': 'false',
    'Acs-Missing-Before': '0',
    'Acs-Position': '0',
  });
  expect(headersOf(second)).toEqual({
    'Acs-Track': track,
    'Acs-Sequence': '1',
    'Acs-Timestamp': new Date(firstTimestampMs + 60).toISOString(),
    'Acs-Sample-Rate': '16000',
    'Acs-Silent': 'false',
    'Acs-Missing-Before': '2',
    'Acs-Position': '960',
  });
  const facts = {
    track,
    subject,
    callConnectionId: callId,
    correlationId: null,
    participantId: '4:+15550100000',
    sampleRate: 16_000,
    framesPerMessage: 1,
  };
  expect(started.json()).toMatchObject({ type: 'started', ...facts });
  expect(ended.json()).toMatchObject({ type: 'ended', ...facts, frames: 2, lapped: 0, lost: 0 });
  await drainExactly(gateway);
});

test('a call that another sink has recorded is published with every file, also when the server was away meanwhile; labels are in headers and events', async () => {
  const server = await NatsServer.forTest();
  const folder = temporaryFolder();
  const flags = ['--sink', `wav:${folder}?call=multichannel`, '--label-query', 'order'];
  const gateway = await startOn(server, ...flags);
  const heard = await listen(server, 'acs.audio.>');
  const call = async (id: string) => {
    const client = await AcsClient.connect(`${gateway.url}?order=A%0A17`, { 'x-ms-call-connection-id': id });
    client.send(metadata(id), audio(0, undefined, '4:+1'), audio(3, undefined, '4:+1'));
    await client.hangUp();
  };
  const eventsOf = (messages: readonly Msg[], type: string) =>
    messages
      .filter(({ subject }) => subject.endsWith('.event'))
      .map((message) => ({ subject: message.subject, ...message.json<{ type: string }>() }))
      .filter((event) => event.type === type);
  await call('one');
  await eventually(() => eventsOf(heard, 'recorded').length === 1);
  expect(eventsOf(heard, 'recorded')).toMatchObject([
    {
      subject: 'acs.audio.one.call.recorded.event',
      folder: join(folder, 'one'),
      labels: { order: 'A\n17' },
      complete: true,
      files: [
        { kind: 'participant', participantId: '4:+1', durationMs: 80, frames: 2, missing: 2, lapped: 0 },
        { kind: 'call', channels: 1, frames: 2 },
      ],
    },
  ]);
  expect(eventsOf(heard, 'ended')).toMatchObject([
    { frames: 2, missing: 2, durationMs: 80, labels: { order: 'A\n17' } },
  ]);
  const frame = heard.find(({ subject }) => subject === 'acs.audio.one.4_+1')!;
  expect(frame.headers!.get('Acs-Labels')).toBe('order=A%0A17');

  server.stop();
  await call('two');
  await eventually(async () => !(await isReady(gateway)));
  await eventually(() =>
    gateway.log.some(({ msg, callConnectionId }) => msg === 'call recorded' && callConnectionId === 'two'),
  );
  server.goOn();
  // Once at least: what was on its way when it stood still may arrive as well.
  await eventually(() =>
    eventsOf(heard, 'recorded').some(({ subject }) => subject === 'acs.audio.two.call.recorded.event'),
  );
  await gateway.drain();
});

/** Legal in a header; with a meaning in a subject, or too long for one. */
const callIds = ['a.b.c', '*', '>', '..', 'a b\tc', '$JS.API', 'x'.repeat(3000), 'mixed'];
const participantIds = [
  'dots.in.it',
  '*',
  '>',
  'acs.audio.>',
  'white space\t\r\n',
  'nul\u0000byte',
  'Zürich 東京 🎧',
  '\u202egnp.exe',
  'p'.repeat(200),
  'mixed',
];
/** Longer than any id of ACS: not taken at all, counted. */
const endlessId = 'p'.repeat(10_000);

test('ids with dots, wildcards, blanks, control characters or hundreds of letters are one token each, and none meets another', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startOn(server);
  const consumer = await NatsConsumer.start({ server: server.address });
  let tracks = 0;
  for (const id of callIds) {
    const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': id });
    const frames = [...participantIds, endlessId].map((participant) => audio(0, Buffer.alloc(640, 7), participant));
    client.send(metadata(), ...frames);
    await client.hangUp();
    tracks += participantIds.length;
  }
  const heard = await consumer.ended(tracks);

  expect((await consumer.summary()).problems).toEqual([]);
  expect(new Set(heard.map(({ subject }) => subject)).size).toBe(tracks);
  for (const { subject, events, received } of heard) {
    expect(subject).toMatch(/^acs\.audio\.[A-Za-z0-9+_-]{1,120}\.[A-Za-z0-9+_-]{1,120}$/);
    expect(received).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['started', 'ended']);
  }
  // The event says who it is, unchanged.
  const named = new Set(heard.map(({ events }) => events[0]!.participantId));
  expect(named).toEqual(new Set(participantIds));
  const { code, last } = await gateway.drain();
  expect(code).toBe(0);
  expect(last).toMatchObject({ msg: 'drained', unaccounted: 0, committed: tracks, dropped: callIds.length });
});

test('two streams of one call share their subjects, and are two tracks with an account each', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startOn(server, '--duplicate', 'allow');
  const consumer = await NatsConsumer.start({ server: server.address });
  const clients = [];
  for (let n = 0; n < 2; n++) {
    const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': callId });
    client.send(metadata());
    clients.push(client);
  }
  for (const [n, client] of clients.entries()) for (let i = 0; i <= n; i++) client.send(audio(i));
  for (const client of clients) await client.hangUp();
  const tracks = await consumer.ended(2);
  expect(new Set(tracks.map(({ subject }) => subject))).toEqual(new Set([`acs.audio.${callId}.mixed`]));
  expect(tracks.map(({ received }) => received).sort()).toEqual([1, 2]);
  for (const track of tracks) expect(accountOf(track)).toEqual({ frames: track.received, lapped: 0, lost: 0 });
  await drainExactly(gateway);
});

test('a participant who continues is announced again, and one who is silent for long as well', async () => {
  const server = await NatsServer.forTest();
  const gateway = await startWithSink(`nats://${server.address}/calls.live`);
  const client = await AcsClient.connect(gateway.url);
  client.send(metadata(), audio(0));
  await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1);
  // Comes too late for `started`.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const heard = await listen(server, 'calls.live.*.mixed.event');
  await eventually(() => heard.length > 0);
  expect(heard[0]!.json()).toMatchObject({ type: 'running', participantId: null, sampleRate: 16_000 });
  await client.hangUp();
  await drainExactly(gateway);
});
