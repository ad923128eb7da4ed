/** What a program sees of the calls that run: the map of streams, each with its participants, and all participants in one loop. */
import { expect, it, onTestFinished } from 'vitest';
import { type GatewayOptions, type Participant, RingReader, startGateway } from '../../src/index.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';

const options = { port: 0, adminPort: 0, workers: 1, logLevel: 'silent' } satisfies GatewayOptions;

async function start() {
  const gateway = await startGateway({ ...options, drainTimeoutMs: 1000 });
  onTestFinished(async () => void (await gateway.stop()));
  const connect = () =>
    AcsClient.connect(`ws://127.0.0.1:${gateway.port}/audio`, { 'x-ms-call-connection-id': 'call-1' });
  return { gateway, connect };
}

const frame = Buffer.alloc(640, 1);

function idsOf(participants: Iterable<Participant>): (string | null)[] {
  return Array.from(participants, ({ participantId }) => participantId);
}

it('has each stream from its event `stream` to its `streamEnded`, with the participants of the moment', async () => {
  const { gateway, connect } = await start();
  const { streams } = gateway;
  const seen: unknown[] = [];
  const ofStream = (id: string) => idsOf(streams.get(id)?.participants ?? []);
  gateway.on('stream', (stream) =>
    seen.push(['stream', streams.get(stream.id) === stream, stream.participants.length]),
  );
  gateway.on('participant', ({ streamId }) => seen.push(['participant', ofStream(streamId)]));
  gateway.on('participantEnded', ({ streamId }) => seen.push(['participantEnded', ofStream(streamId)]));
  gateway.on('streamEnded', ({ id }) => seen.push(['streamEnded', streams.has(id)]));
  expect(streams.size).toBe(0);

  const client = await connect();
  client.send(metadata('subscription-1', 16_000), audio(0, frame, '8:acs:a'));
  await eventually(() => seen.length === 2);
  client.send(audio(0, frame, '8:acs:b'));
  await eventually(() => seen.length === 3);
  const [stream] = streams.values();
  expect(stream).toMatchObject({ callConnectionId: 'call-1', remoteAddress: '127.0.0.1' });
  expect(idsOf(stream!.participants)).toEqual(['8:acs:a', '8:acs:b']);
  // Its facts cross threads; the rings of its participants do so by themselves.
  expect(structuredClone(stream)).toMatchObject({ id: stream!.id, callConnectionId: 'call-1' });
  await client.hangUp();
  await eventually(() => streams.size === 0);
  expect(seen).toEqual([
    ['stream', true, 0],
    ['participant', ['8:acs:a']],
    ['participant', ['8:acs:a', '8:acs:b']],
    ['participantEnded', ['8:acs:b']],
    ['participantEnded', []],
    ['streamEnded', false],
  ]);
  expect(stream!.participants).toEqual([]);
});

it('gives every participant to each loop, those before it and those to come, until the gateway has stopped', async () => {
  const { gateway, connect } = await start();
  const client = await connect();
  client.send(metadata('subscription-1', 16_000), audio(0, frame, '8:acs:a'));
  await eventually(() => [...gateway.streams.values()].some(({ participants }) => participants.length === 1));
  const read: Record<string, number> = {};
  const follow = async (participant: Participant, reader: RingReader) => {
    for await (const _ of reader) read[participant.participantId!] = reader.framesRead;
  };
  const loop = (async () => {
    for await (const participant of gateway.participants())
      void follow(participant, new RingReader(participant.ring()));
  })();
  const first: (string | null)[] = [];
  const short = (async () => {
    for await (const { participantId } of gateway.participants()) {
      first.push(participantId);
      break;
    }
  })();
  client.send(audio(1, frame, '8:acs:a'), audio(0, frame, '8:acs:b'));
  await eventually(() => read['8:acs:a'] === 2 && read['8:acs:b'] === 1);
  await short;
  expect(first).toEqual(['8:acs:a']);
  expect([gateway.listenerCount('participant'), gateway.listenerCount('participantEnded')]).toEqual([1, 1]);
  await client.hangUp();
  await gateway.stop();
  await loop;
  expect(gateway.listenerCount('participant')).toBe(0);
  expect(await gateway.participants().next()).toEqual({ value: undefined, done: true });
});

it('leaves out of a slow loop the streams that end before their turn, and waits for the others', async () => {
  const { gateway, connect } = await start();
  const participants = gateway.participants();
  const client = await connect();
  client.send(metadata('subscription-1', 16_000), audio(0, frame, '8:acs:gone'));
  await eventually(() => gateway.streams.size === 1);
  await client.hangUp();
  await eventually(() => gateway.streams.size === 0);
  const next = participants.next();
  const another = await connect();
  another.send(metadata('subscription-2', 16_000), audio(0, frame, '8:acs:here'));
  const { value } = await next;
  expect(value).toMatchObject({ participantId: '8:acs:here' });
  new RingReader(value!.ring()).close();
  await another.hangUp();
  const last = participants.next();
  await participants.return!();
  expect(await last).toMatchObject({ done: true });
});
