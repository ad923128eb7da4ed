/** Agents on other machines speak into calls: what the call hears is what they published, and what their faults cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { counting, HeardCall } from '../playback/heard-call.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually, type GatewayProcess, runCommand } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { judgingTimes } from '../support/starvation.ts';
import { NatsAgent } from './agent.ts';
import { faultyNatsSinks, killNatsSink } from './faulty-sink.ts';
import { drainExactly, errorsOf, isReady, startWithSink, startWithSinkIn } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

function pcm(samples: number, from = 0): Buffer {
  const counted = counting(samples, from);
  return Buffer.from(counted.buffer, counted.byteOffset, counted.byteLength);
}

/** With the frames that ACS sends, so that its thread has something to do. */
async function talking(gateway: GatewayProcess, name: string, rate = 16_000): Promise<HeardCall> {
  const call = await HeardCall.connect(gateway.port, name, rate);
  call.speak(0);
  return call;
}

async function rig(name = 'call', ...flags: readonly string[]) {
  const server = await NatsServer.forTest();
  const gateway = await startWithSink(`nats://${server.address}?playback`, ...flags);
  const call = await talking(gateway, name);
  const agent = await NatsAgent.connect(server, name);
  await heardOf(agent);
  return { server, gateway, call, agent };
}

/** Waits until the gateway listens for this call. */
async function heardOf(agent: NatsAgent): Promise<void> {
  await eventually(async () => (await agent.ask(Buffer.alloc(0), {}, 500).catch(() => null)) !== null);
}

async function messages(gateway: GatewayProcess): Promise<Record<string, number>> {
  const metrics = await gateway.metrics();
  const counts: Record<string, number> = {};
  for (const [name, value] of metrics) {
    const outcome = /^sink_playback_messages_total\{.*outcome="(\w+)"/.exec(name)?.[1];
    if (outcome !== undefined) counts[outcome] = value;
  }
  return counts;
}

async function endsExactly(gateway: GatewayProcess, ...calls: readonly HeardCall[]): Promise<void> {
  for (const call of calls) await call.client.hangUp();
  await eventually(async () => (await gateway.streams()).length === 0);
  expect((await gateway.metrics()).get('playback_frames_unaccounted')).toBe(0);
  await drainExactly(gateway);
}

describe('an agent on another machine', () => {
  test('is heard to the frame, is answered what is queued, and hears when it was played', async () => {
    const { gateway, call, agent } = await rig();
    const answer = await agent.ask(pcm(8_000), { id: 'greeting' });
    expect(answer).toMatchObject({ utterance: 'greeting', state: 'open', taken: 8_000, written: 8_000 });
    expect(answer.queuedMs).toBeGreaterThan(0);
    expect(answer.queuedMs).toBeLessThanOrEqual(500);
    // Pieces of any size, also without asking.
    for (let at = 8_000; at < 24_000; at += 777) agent.say(pcm(Math.min(777, 24_000 - at), at), { id: 'greeting' });
    const last = await agent.ask(Buffer.alloc(0), { id: 'greeting', end: true });
    expect(last).toMatchObject({ state: 'ended', taken: 0, written: 24_000 });
    await eventually(() => agent.played.length > 0);
    expect(agent.played).toMatchObject([{ type: 'played', utterance: 'greeting', playedMs: 1_500, isCleared: false }]);
    expect(call.pcm.equals(pcm(24_000))).toBe(true);
    expect(await messages(gateway)).toMatchObject({ short: 0, refused: 0, malformed: 0 });
    await endsExactly(gateway, call);
  });

  test('may have another sample rate than the call', async () => {
    const { gateway, call, agent } = await rig();
    await agent.sayAll(pcm(48_000), { id: 'wide', rate: 24_000 });
    await eventually(() => agent.played.length > 0);
    // The resampler's own delay may cost or add a frame.
    expect(Math.abs(call.pcm.length - 64_000)).toBeLessThanOrEqual(640);
    const other = await agent.ask(pcm(320), { id: 'x', rate: 24_000 });
    expect(other.state).toBe('open');
    expect(await agent.ask(pcm(320), { id: 'x', rate: 8_000 })).toMatchObject({ error: 'bad_rate', taken: 0 });
    await endsExactly(gateway, call);
  });

  test('silences the call; what comes late for the old answer is refused, and the next one is heard', async () => {
    const { gateway, call, agent } = await rig();
    await agent.ask(pcm(64_000), { id: 'old' });
    await eventually(() => call.frames.length > 20);
    const cleared = await agent.clear();
    expect(cleared).toMatchObject({ utterance: 'old', state: 'cleared', queuedMs: 0 });
    expect(cleared.playedMs!).toBeLessThan(4_000);
    await eventually(() => call.stops.length === 1);
    const before = call.frames.length;
    expect(await agent.ask(pcm(320), { id: 'old' })).toMatchObject({ error: 'cleared', state: 'cleared', taken: 0 });
    await sleep(200);
    expect(call.frames.length).toBe(before);
    await agent.sayAll(pcm(16_000, 5), { id: 'new' });
    await eventually(() => agent.played.length === 2);
    expect(agent.played).toMatchObject([
      { utterance: 'old', isCleared: true },
      { utterance: 'new', isCleared: false, playedMs: 1_000 },
    ]);
    expect(Buffer.concat(call.frames.slice(before).map((frame) => frame.pcm)).equals(pcm(16_000, 5))).toBe(true);
    expect(await messages(gateway)).toMatchObject({ clear: 1, refused: 1 });
    await endsExactly(gateway, call);
  });

  test(
    'that dies in the middle of an utterance leaves nothing open; another one is busy until then',
    judgingTimes(async () => {
      const { server, gateway, call, agent } = await rig();
      await agent.ask(pcm(8_000), { id: 'unfinished' });
      await agent.die();
      const other = await NatsAgent.connect(server, 'call');
      expect(await other.ask(pcm(320), { id: 'mine' })).toMatchObject({ error: 'busy', taken: 0 });
      await eventually(() => other.played.length > 0);
      expect(other.played).toMatchObject([{ utterance: 'unfinished', playedMs: 500, isCleared: false }]);
      await other.sayAll(pcm(8_000, 9), { id: 'mine' });
      await eventually(() => other.played.length > 1);
      expect(call.pcm.equals(Buffer.concat([pcm(8_000), pcm(8_000, 9)]))).toBe(true);
      await endsExactly(gateway, call);
    }),
  );

  test('that sends faster than is spoken learns how much was taken: nothing is lost in the middle', async () => {
    const { gateway, call, agent } = await rig('call', '--playback-seconds', '2');
    const answer = await agent.ask(pcm(64_000), { id: 'long' });
    expect(answer).toMatchObject({ state: 'open', taken: 32_000 });
    expect(answer.queuedMs).toBeGreaterThan(1_500);
    expect(await messages(gateway)).toMatchObject({ short: 1 });
    await agent.sayAll(pcm(64_000).subarray(2 * answer.taken), { id: 'long' });
    await eventually(() => agent.played.length > 0);
    expect(call.pcm.equals(pcm(64_000))).toBe(true);
    await endsExactly(gateway, call);
  });

  test('that relays has pauses, which are no gaps; those of an answer are', async () => {
    const { gateway, call, agent } = await rig();
    for (const id of ['relay', 'answer']) {
      await agent.ask(pcm(1_600), { id, live: id === 'relay' });
      // Longer than a pause is at least.
      await sleep(1_500);
      await agent.ask(pcm(1_600), { id, end: true });
      await eventually(() => agent.played.some(({ utterance }) => utterance === id));
    }
    expect(agent.played).toMatchObject([{ underruns: 0 }, { underruns: 1 }]);
    await endsExactly(gateway, call);
  });

  test('learns what is wrong with its messages', async () => {
    const { gateway, call, agent } = await rig();
    const wrong = [
      [pcm(320).subarray(1), {}, 'odd_bytes'],
      [pcm(131_073), {}, 'too_large'],
      [pcm(320), { rate: 44_100 }, 'bad_rate'],
      [pcm(320), { rate: 'x' }, 'bad_rate'],
      [pcm(320), { end: 'yes' }, 'bad_end'],
      [pcm(320), { live: 'yes' }, 'bad_live'],
      [pcm(320), { id: 'x'.repeat(41) }, 'bad_utterance'],
    ] as const;
    for (const [data, options, error] of wrong) {
      expect(await agent.ask(data, options)).toMatchObject({
        error,
        taken: 0,
        message: expect.stringMatching(/expected/),
      });
    }
    expect(await messages(gateway)).toMatchObject({ malformed: wrong.length });
    expect(await agent.ask(Buffer.alloc(0), { id: 'unknown' })).toMatchObject({ state: 'none', taken: 0 });
    expect(call.frames.length).toBe(0);
    await endsExactly(gateway, call);
  });

  test('of a call that is over finds no one there', async () => {
    const { gateway, call, agent } = await rig();
    await call.client.hangUp();
    await eventually(async () => (await gateway.streams()).length === 0);
    await expect(agent.ask(pcm(320))).rejects.toThrow(/no responders/i);
    await drainExactly(gateway);
  });

  test('continues after the server was away, where it was', async () => {
    const { server, gateway, call, agent } = await rig();
    await agent.ask(pcm(8_000), { id: 'torn' });
    await server.kill();
    await sleep(500);
    await server.start();
    await eventually(() => isReady(gateway));
    await heardOf(agent);
    const { written, state } = await agent.ask(Buffer.alloc(0), { id: 'torn' });
    expect([written, state]).toEqual([8_000, 'open']);
    await agent.sayAll(pcm(16_000).subarray(2 * written), { id: 'torn' });
    await eventually(() => agent.played.length > 0);
    expect(call.pcm.equals(pcm(16_000))).toBe(true);
    await endsExactly(gateway, call);
  });

  test('survives the thread of the sink: what it said is heard, what was cut off stays so', async () => {
    const folder = temporaryFolder();
    const server = await NatsServer.forTest();
    const gateway = await startWithSinkIn(faultyNatsSinks(folder), `nats://${server.address}?playback`);
    const call = await talking(gateway, 'call');
    const agent = await NatsAgent.connect(server, 'call');
    await heardOf(agent);
    await agent.ask(pcm(32_000), { id: 'cut' });
    await agent.clear();
    const before = call.frames.length;
    await agent.ask(pcm(16_000), { id: 'torn' });
    const killed = killNatsSink(folder);
    for (let n = 1; n < 20; n++) {
      call.speak(n);
      await sleep(20);
    }
    await killed;
    await eventually(() => gateway.log.some(({ msg }) => msg === 'sink thread died'));
    await heardOf(agent);
    expect(await agent.ask(pcm(320), { id: 'cut' })).toMatchObject({ error: 'cleared', taken: 0 });
    await agent.sayAll(pcm(16_000, 16_000), { id: 'torn' });
    await eventually(() => agent.played.length > 0 && call.frames.length >= before + 100);
    expect(Buffer.concat(call.frames.slice(before).map((frame) => frame.pcm)).equals(pcm(32_000))).toBe(true);
    await endsExactly(gateway, call);
  });
});

test('a gateway that may not subscribe says so, and publishes all the same', async () => {
  const permissions = 'permissions { publish: ">", subscribe: "_INBOX.>" }';
  const server = await NatsServer.forTest(
    `authorization { users: [{ user: gateway, password: x, ${permissions} }, { user: agent, password: y }] }`,
  );
  const gateway = await startWithSink(`nats://gateway:x@${server.address}?playback`);
  await eventually(() => errorsOf(gateway).some((error) => error.includes('agents cannot speak')));
  expect(await isReady(gateway)).toBe(true);
});

test('with the permissions of docs/nats.md agent and gateway need no other', async () => {
  const gateways =
    'publish: "acs.audio.>", subscribe: ["acs.audio.*.playback", "acs.audio.*.playback.clear"], allow_responses: true';
  const agents =
    'publish: ["acs.audio.*.playback", "acs.audio.*.playback.clear"], subscribe: ["acs.audio.*.playback.played", "_INBOX.>"]';
  const server = await NatsServer.forTest(
    `authorization { users: [
      { user: gateway, password: x, permissions { ${gateways} } },
      { user: agent, password: y, permissions { ${agents} } } ] }`,
  );
  const gateway = await startWithSink(`nats://gateway:x@${server.address}?playback`);
  const call = await talking(gateway, 'call');
  const agent = await NatsAgent.connect(server, 'call', 'acs.audio', { user: 'agent', pass: 'y' });
  await heardOf(agent);
  await agent.sayAll(pcm(8_000), { id: 'word' });
  await eventually(() => agent.played.length > 0);
  expect(call.pcm.equals(pcm(8_000))).toBe(true);
  expect(errorsOf(gateway)).toEqual([]);
  await endsExactly(gateway, call);
});

test('two gateways have their own calls, and a flood into one call reaches no other', async () => {
  const server = await NatsServer.forTest();
  const gateways = [1, 2].map(() => startWithSink(`nats://${server.address}?playback`));
  const [one, two] = [await gateways[0]!, await gateways[1]!];
  const calls = [await talking(one, 'first'), await talking(two, 'second')] as const;
  const [flooding, speaking] = [await NatsAgent.connect(server, 'first'), await NatsAgent.connect(server, 'second')];
  await Promise.all([heardOf(flooding), heardOf(speaking)]);
  const flood = pcm(320);
  for (let n = 0; n < 20_000; n++) flooding.say(flood, { id: 'flood' });
  await speaking.sayAll(pcm(16_000), { id: 'calm' });
  await eventually(() => speaking.played.length > 0);
  expect(calls[1].pcm.equals(pcm(16_000))).toBe(true);
  await flooding.nats.flush();
  await eventually(async () => Object.values(await messages(one)).reduce((a, b) => a + b, 0) >= 20_000);
  // A queue of 30 s, and what was spoken meanwhile.
  expect((await messages(one))['taken']).toBeLessThan(5_000);
  expect(await isReady(one)).toBe(true);
  await endsExactly(one, calls[0]);
  await endsExactly(two, calls[1]);
});

test('is refused where it cannot work', async () => {
  const run = async (...flags: string[]) => runCommand(['--port', '0', '--admin-port', '0', ...flags]);
  const stored = await run('--sink', 'nats://127.0.0.1:4222?jetstream=AUDIO&playback');
  expect([stored.code, stored.stderr]).toEqual([2, expect.stringContaining('not together with jetstream')]);
  const off = await run('--sink', 'nats://127.0.0.1:4222?playback', '--playback', 'off');
  expect([off.code, off.stderr]).toEqual([2, expect.stringContaining('--playback: "off"')]);
});
