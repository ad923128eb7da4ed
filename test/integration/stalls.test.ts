/** A stall is seen while it lasts, and told when it is over: for how long, and whether the audio came after all. */
import { expect, onTestFinished, test } from 'vitest';
import { type EndedStall, type Stall, startGateway } from '../../src/index.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';
import { unlessStarved } from '../support/starvation.ts';

async function start() {
  const gateway = await startGateway({
    port: 0,
    adminPort: 0,
    workers: 1,
    logLevel: 'silent',
    stallAfterMs: 400,
    drainTimeoutMs: 0,
  });
  onTestFinished(async () => {
    await gateway.stop();
  });
  const told: { readonly begun: Stall[]; readonly ended: EndedStall[] } = { begun: [], ended: [] };
  gateway.on('stall', (stall) => told.begun.push(stall));
  gateway.on('stallEnded', (stall) => told.ended.push(stall));
  const admin = async (path: string) => (await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`)).text();
  const state = async () => JSON.parse(await admin('/streams')).streams[0]?.state;
  const stalled = async () => /^acs_gateway_streams_stalled (\d+)$/m.exec(await admin('/metrics'))?.[1];
  const client = await AcsClient.connect(`ws://127.0.0.1:${gateway.port}/audio`, { 'x-ms-call-connection-id': 'call' });
  client.send(metadata());
  let frame = 0;
  const send = (count: number) => {
    for (let n = 0; n < count; n++) client.send(audio(frame++));
  };
  /** At its pace until it is told to stop. */
  const talk = () => {
    const timer = setInterval(() => send(1), 20);
    const stop = () => clearInterval(timer);
    onTestFinished(stop);
    return stop;
  };
  return { gateway, told, state, stalled, client, send, talk, admin };
}

test('the audio of a network that stood still comes afterwards: caught up', () =>
  unlessStarved(async () => {
    const { told, state, stalled, send, talk, client, admin } = await start();
    send(10);
    expect(told.begun).toEqual([]);
    await eventually(() => told.begun.length === 1);
    expect([await state(), await stalled()]).toEqual(['stalled', '1']);
    const stoodMs = Date.now() - told.begun[0]!.since.getTime();
    expect(stoodMs).toBeGreaterThan(390);
    await new Promise((resolve) => setTimeout(resolve, 500));
    send(Math.round((Date.now() - told.begun[0]!.since.getTime()) / 20));
    const stop = talk();
    await eventually(() => told.ended.length === 1);
    stop();
    const [ended] = told.ended;
    expect(ended).toMatchObject({ ...told.begun[0], outcome: 'caught_up' });
    expect(ended!.durationMs).toBeGreaterThan(850);
    expect(ended!.caughtUpMs).toBeGreaterThan(ended!.durationMs / 2);
    expect([await state(), await stalled()]).toEqual(['open', '0']);
    expect(await admin('/metrics')).toContain('acs_gateway_stream_stalls_total{outcome="caught_up"} 1');
    await client.hangUp();
  }));

test('what never came is lost, and a stream that ends meanwhile has ended', () =>
  unlessStarved(async () => {
    const { gateway, told, send, talk, client } = await start();
    send(10);
    await eventually(() => told.begun.length === 1);
    const stop = talk();
    await eventually(() => told.ended.length === 1);
    stop();
    expect(told.ended[0]).toMatchObject({ outcome: 'lost', callConnectionId: 'call' });
    await eventually(() => told.begun.length === 2);
    const record = new Promise<{ stalls: number; stalledMs: number }>((resolve) =>
      gateway.once('streamEnded', resolve),
    );
    await client.hangUp();
    await eventually(() => told.ended.length === 2);
    expect(told.ended[1]).toMatchObject({ outcome: 'ended', caughtUpMs: 0 });
    expect((await record).stalledMs).toBeGreaterThan(350);
  }));

test('a stream that never had audio does not stall', async () => {
  const { told, state } = await start();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect([await state(), told.begun]).toEqual(['open', []]);
});
