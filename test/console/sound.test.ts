/** Hearing calls: what arrives is what was sent, at once, and each listening is in the log. */
import { expect, onTestFinished, test } from 'vitest';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { ConsoleClient, type Sound, token } from './console-client.ts';
import { frameSamples, noise, Talker, tone } from './talker.ts';

const flags = ['--console', '--admin-token', token, '--workers', '1', '--ring-memory-mb', '64'];

async function start(...more: string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(...flags, ...more);
  onTestFinished(() => gateway.kill());
  return gateway;
}

async function call(
  gateway: GatewayProcess,
): Promise<{ readonly talker: Talker; readonly client: ConsoleClient; readonly id: string }> {
  const client = await ConsoleClient.login(gateway.adminPort);
  const talker = await Talker.call(gateway.url, 'heard');
  onTestFinished(() => talker.hangUp());
  talker.says.set('4:+15550100', noise);
  talker.says.set('4:+15550101', () => tone(1000));
  const page = await client.page();
  const { rows } = await page.overview({}, (update) => update.rows[0]?.participants === 2);
  page.socket.close();
  return { talker, client, id: rows[0]!.id };
}

async function hear(sound: Sound, seconds: number): Promise<Sound> {
  await eventually(() => sound.pcm.length >= seconds * 32_000);
  return sound;
}

test(
  'a participant is heard as it was sent, bit for bit and within 400 ms, and the log says who heard',
  judgingTimes(async () => {
    const gateway = await start('--console-audio');
    const { client, id, talker } = await call(gateway);
    const sound = await hear(await client.sound(id, 0), 3);
    const during = await (
      await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`, { headers: { Authorization: `Bearer ${token}` } })
    ).text();
    sound.socket.close();
    await sound.closed;
    const bytes = frameSamples * 2;
    const sent = new Map(Array.from({ length: talker.frame }, (_, frame) => [noise(frame).toString('base64'), frame]));
    const numbers = Array.from({ length: sound.pcm.length / bytes }, (_, i) => {
      return sent.get(sound.pcm.subarray(i * bytes, (i + 1) * bytes).toString('base64')) ?? -1;
    });
    await always(async () => {
      expect(sound.heads).toEqual([{ sampleRate: 16_000, participant: 0 }]);
      // Whole frames as they were sent, each once, in their order.
      expect(numbers.every((frame) => frame >= 0)).toBe(true);
      expect(numbers.every((frame, i) => i === 0 || frame > numbers[i - 1]!)).toBe(true);
      expect(during).toContain('acs_gateway_console_listeners 1');
      expect(during).toContain('acs_gateway_console_listenings_total 1');
      await eventually(() => gateway.log.some(({ msg }) => msg === 'listening ends'));
      const [login, begins, ends] = ['console login', 'listening begins', 'listening ends'].map(
        (msg) => gateway.log.find((line) => line.msg === msg)!,
      );
      const { session } = login!;
      const facts = { session, streamId: id, callConnectionId: 'heard', participant: 0, remoteAddress: '127.0.0.1' };
      expect(begins).toMatchObject(facts);
      expect(ends).toMatchObject({ ...facts, from: expect.any(String), to: expect.any(String) });
      expect(Date.parse(ends!['to'] as string) - Date.parse(ends!['from'] as string)).toBeGreaterThan(1000);
      expect(JSON.stringify(gateway.log)).not.toContain('+1555');
      expect(JSON.stringify(gateway.log)).not.toContain(client.cookie.split('=')[1]);
    });
    // And without a hole, unless a thread slept for half a second.
    expect(numbers.at(-1)! - numbers[0]!).toBe(numbers.length - 1);
    const latenesses = sound.chunks.map(({ arrivedAtMs, heardAtMs }) => heardAtMs - arrivedAtMs).sort((a, b) => a - b);
    expect(latenesses[0]).toBeGreaterThan(-5);
    expect(latenesses[latenesses.length >> 1]).toBeLessThan(60);
    expect(latenesses.at(-1)).toBeLessThan(400);
  }),
);

test(
  'all together are mixed: as loud as the sum of what they say',
  judgingTimes(async () => {
    const gateway = await start('--console-audio');
    const { client, id, talker } = await call(gateway);
    talker.says.set('4:+15550100', () => tone(2000));
    const sound = await hear(await client.sound(id), 2);
    expect(sound.heads).toEqual([{ sampleRate: 16_000, participant: null }]);
    const { pcm } = sound;
    const amplitudes = new Map<number, number>();
    for (let at = pcm.length >> 1; at < pcm.length; at += 2) {
      const amplitude = Math.abs(pcm.readInt16LE(at));
      amplitudes.set(amplitude, (amplitudes.get(amplitude) ?? 0) + 1);
    }
    const [most] = [...amplitudes].sort(([, a], [, b]) => b - a);
    expect(most![0]).toBe(3000);
    // On a busy machine one of the two may be late now and then.
    expect([...amplitudes.keys()].every((amplitude) => [1000, 2000, 3000].includes(amplitude))).toBe(true);
  }),
);

test('the sound ends with its call, and the session, and the record says so', async () => {
  const gateway = await start('--console-audio');
  const { client, id, talker } = await call(gateway);
  const [one, mixed] = [await client.sound(id, 1), await client.sound(id)];
  await hear(one, 0.2);
  await talker.hangUp();
  expect([await one.closed, await mixed.closed]).toEqual([1000, 1000]);

  const next = await call(gateway);
  const sound = await hear(await next.client.sound(next.id, 0), 0.2);
  await next.client.post('logout');
  expect(await sound.closed).toBe(4401);
  await eventually(() => gateway.log.filter(({ msg }) => msg === 'listening ends').length === 3);
});

test('hearing is off by itself, and only what is there can be heard', async () => {
  const deaf = await start();
  const seen = await call(deaf);
  expect(await seen.client.upgrade(`sound?stream=${seen.id}&participant=0`)).toEqual({ status: 403 });

  const gateway = await start('--console-audio', '--drain-timeout-ms', '500');
  const { client, id } = await call(gateway);
  expect(await client.session()).toMatchObject({ mayListen: true });
  for (const wrong of [
    'stream=nobody',
    '',
    `stream=${id}&participant=2`,
    `stream=${id}&participant=-1`,
    `stream=${id}&participant=x`,
  ])
    expect(await client.upgrade(`sound?${wrong}`), wrong).toEqual({ status: 404 });
  expect(await ConsoleClient.stranger(gateway.adminPort).upgrade(`sound?stream=${id}`)).toEqual({ status: 401 });
  const all: Sound[] = [];
  for (let i = 0; i < 16; i++) all.push(await client.sound(id, i % 2));
  expect(await client.upgrade(`sound?stream=${id}`)).toEqual({ status: 503 });
  await Promise.all(all.map((sound) => hear(sound, 0.1)));

  // Who listens does not keep the gateway from its end, and the record of each is there.
  expect((await gateway.drain()).code).toBe(0);
  expect(gateway.log.filter(({ msg }) => msg === 'listening ends')).toHaveLength(16);
});
