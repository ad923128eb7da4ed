/** A call that dials again and comes to another process: its older stream ends at once, and the two name each other. */
import { expect, test } from 'vitest';
import { audio } from '../support/acs-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, type GatewayProcess } from '../support/gateway-process.ts';
import { callIn, type PlacedStream, startSeveral, streamsOf } from './several.ts';

function recordsOf(gateway: GatewayProcess) {
  return gateway.log.filter(({ msg }) => msg === 'stream ended');
}

async function onlyStream(gateway: GatewayProcess): Promise<PlacedStream> {
  const [stream] = (await streamsOf(gateway)).filter(({ messages }) => messages > 0);
  return stream!;
}

test('the older socket is closed with 4000, and the records say which stream continues which', async () => {
  const gateway = await startSeveral('--sink', `wav:${temporaryFolder()}`);
  const older = await callIn(gateway, 0, 'call');
  const { id } = await onlyStream(gateway);
  const newer = await callIn(gateway, 1, 'call', { avoid: id });
  expect(await older.closed).toBe(4000);
  newer.send(audio(1));
  await eventually(async () => (await streamsOf(gateway)).some(({ continues }) => continues?.id === id));
  const stream = (await streamsOf(gateway)).find(({ continues }) => continues?.id === id)!;
  expect(stream).toMatchObject({ process: 1, continues: { process: 0, id } });
  await newer.hangUp();
  const ended = () => recordsOf(gateway).filter((record) => record['messages'] !== 0);
  await eventually(() => ended().length === 2);
  expect(ended().find((record) => record['id'] === id)).toMatchObject({
    process: 0,
    closeCause: 'superseded',
    continuedBy: { process: 1, id: stream.id },
  });
  expect(ended().find((record) => record['id'] === stream.id)).toMatchObject({
    process: 1,
    continues: { process: 0, id },
  });
  // Neither writes into the other's recordings.
  const folders = ended().map((record) => (record['recordings'] as { folder: string }[])[0]!.folder);
  expect(new Set(folders).size).toBe(2);
});

test('a stream that waits for its next socket ends when that comes to another process', async () => {
  const gateway = await startSeveral('--resume-grace-ms', '60000');
  const older = await callIn(gateway, 0, 'call');
  const { id } = await onlyStream(gateway);
  older.socket.terminate();
  await eventually(async () => (await streamsOf(gateway)).some(({ state }) => state === 'waiting'));
  const newer = await callIn(gateway, 1, 'call', { avoid: id });
  await eventually(() => recordsOf(gateway).some((record) => record['id'] === id));
  expect((await streamsOf(gateway)).find(({ process }) => process === 1)).toMatchObject({
    continues: { process: 0, id },
  });
  await newer.hangUp();
});

test('a second socket of a connected call is refused with --duplicate reject', async () => {
  const rejecting = await startSeveral('--duplicate', 'reject');
  const first = await callIn(rejecting, 0, 'call');
  const { id } = await onlyStream(rejecting);
  // Known by its subscription: the other process does not know the call at the upgrade.
  const second = await callIn(rejecting, 1, 'call', { avoid: id }).catch(() => null);
  expect(await second?.closed).toBe(1008);
  await first.hangUp();
});

test('with --duplicate allow both are streams of their own', async () => {
  const allowing = await startSeveral('--duplicate', 'allow');
  const calls = [await callIn(allowing, 0, 'call')];
  const { id } = await onlyStream(allowing);
  calls.push(await callIn(allowing, 1, 'call', { avoid: id }));
  for (const call of calls) call.send(audio(1));
  await eventually(async () => (await allowing.metrics()).get('messages_total{outcome="committed"}') === 4);
  expect((await streamsOf(allowing)).map(({ continues }) => continues)).toEqual([undefined, undefined]);
  for (const call of calls) await call.hangUp();
});

test('a call with another credential ends no stream of another process', async () => {
  const tokens = ['--auth', 'token', '--auth-token', 'one', '--auth-token', 'two'];
  const gateway = await startSeveral(...tokens);
  const older = await callIn(gateway, 0, 'call', { url: `${gateway.url}?token=one` });
  const { id } = await onlyStream(gateway);
  const other = await callIn(gateway, 1, 'call', { url: `${gateway.url}?token=two`, avoid: id });
  for (const call of [older, other]) call.send(audio(1));
  await eventually(async () => (await gateway.metrics()).get('messages_total{outcome="committed"}') === 4);
  for (const call of [older, other]) expect(await call.hangUp()).toBe(1000);
});
