/**
 * The whole process stands still for longer than its time-outs, as with SIGSTOP or a paused virtual machine, and continues: what
 * the peers sent meanwhile waits in the sockets, so none of them was silent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { judgingTimes } from '../support/starvation.ts';

const standstillMs = 4000;

async function start(...flags: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags);
  onTestFinished(() => gateway.kill());
  return gateway;
}

/** `midway` is what happens in the middle of it. */
async function standStill(
  gateway: GatewayProcess,
  { ms = standstillMs, midway = () => {} }: { ms?: number; midway?: () => void } = {},
): Promise<void> {
  gateway.signal('SIGSTOP');
  await sleep(ms / 2);
  midway();
  await sleep(ms / 2);
  gateway.signal('SIGCONT');
}

/** As ACS does after an interruption, until it is taken. */
async function redial(gateway: GatewayProcess, headers: Record<string, string> = {}): Promise<AcsClient> {
  for (;;) {
    try {
      return await AcsClient.connect(gateway.url, headers);
    } catch {
      await sleep(50);
    }
  }
}

/** A call that says a frame every 20 ms. */
class Call {
  readonly client: AcsClient;
  sent = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(client: AcsClient) {
    this.client = client;
    this.timer = setInterval(() => client.send(audio(this.sent++)), 20);
    onTestFinished(() => clearInterval(this.timer));
  }

  static async begin(gateway: GatewayProcess, id: string): Promise<Call> {
    const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': id });
    client.send(metadata(id));
    return new Call(client);
  }

  end(): Promise<number> {
    clearInterval(this.timer);
    return this.client.hangUp();
  }
}

test(
  'calls that send go on after a standstill longer than the idle time-out, and nothing is lost',
  judgingTimes(async () => {
    const gateway = await start('--idle-timeout-ms', '2000', '--metadata-timeout-ms', '2000');
    const calls = await Promise.all(Array.from({ length: 10 }, (_, n) => Call.begin(gateway, `call-${n}`)));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total')! > 100);
    // It has its upgrade, but what it says first comes during the standstill.
    const late = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'late' });
    await standStill(gateway, { midway: () => late.send(metadata('late'), audio(0)) });
    expect(await late.hangUp()).toBe(1000);
    // Long enough for a sweep.
    await sleep(600);
    expect(await Promise.all(calls.map((call) => call.end()))).toEqual(Array(10).fill(1000));
    const sent = calls.reduce((sum, call) => sum + call.sent, 1);
    const { code, last } = await gateway.drain();
    expect(code).toBe(0);
    expect(last).toMatchObject({ msg: 'drained', committed: sent, control: 11, dropped: 0, unaccounted: 0 });
  }),
);

test(
  'a silent peer is ended after a standstill all the same, and its time in it does not count',
  judgingTimes(async () => {
    const idleTimeoutMs = 1500;
    const gateway = await start('--idle-timeout-ms', `${idleTimeoutMs}`);
    const silent = await AcsClient.connect(gateway.url);
    silent.send(metadata(), audio(0));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1);
    const startMs = performance.now();
    await standStill(gateway);
    expect(await silent.closed).toBe(1008);
    expect(performance.now() - startMs).toBeGreaterThan(standstillMs + idleTimeoutMs / 2);
  }),
);

test(
  'a stream whose socket broke off before a standstill goes on with the one that comes after it',
  judgingTimes(async () => {
    // Longer than new calls are refused for after a standstill.
    const gateway = await start('--resume-grace-ms', '8000');
    const call = { 'x-ms-call-connection-id': 'call' };
    const first = await AcsClient.connect(gateway.url, call);
    first.send(metadata('resumed'), audio(0));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1);
    first.socket.terminate();
    await eventually(async () => (await gateway.metrics()).get('stream_closes_total{cause="peer"}') === 1);
    await standStill(gateway, { ms: 9000 });
    const client = await redial(gateway, call);
    client.send(metadata('resumed'), audio(1));
    await client.hangUp();
    const { code, last } = await gateway.drain();
    expect([code, last['unaccounted'], last['committed']]).toEqual([0, 0, 2]);
    const ended = gateway.log.filter(({ msg }) => msg === 'stream ended');
    expect(ended).toMatchObject([{ interruptions: 1, committed: 2 }]);
  }),
);

test(
  'a drain that stands still gives open streams the rest of their time',
  judgingTimes(async () => {
    const gateway = await start('--drain-timeout-ms', '2000');
    const client = await AcsClient.connect(gateway.url);
    client.send(metadata(), audio(0));
    await eventually(async () => (await gateway.metrics()).get('frames_committed_total') === 1);
    gateway.signal('SIGTERM');
    await eventually(() => gateway.log.some(({ msg }) => msg === 'draining'));
    await standStill(gateway);
    // Its time is not up, but it has not been heard yet.
    await sleep(300);
    client.send(audio(1));
    expect(await client.hangUp()).toBe(1000);
    expect(await gateway.exit()).toBe(0);
    expect(gateway.log.at(-1)).toMatchObject({ msg: 'drained', streamsCut: 0, committed: 2, unaccounted: 0 });
  }),
);
