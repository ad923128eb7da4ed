/** A consumer that stops reading: the server cuts it off, and nobody else notices. */
import { expect } from 'vitest';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { judgingTimes } from '../support/starvation.ts';
import { accountOf, NatsConsumer, sumOf } from './consumer.ts';
import { drainExactly, exactCounts, startOn } from './rig.ts';
import { NatsServer } from './server.ts';

const test = testNeeding('nats-server');

test(
  'a consumer that stops reading misses what was said meanwhile and knows how much; the other one has everything',
  judgingTimes(async () => {
    const server = await NatsServer.forTest('max_pending: 1MB\nwrite_deadline: "1s"');
    const gateway = await startOn(server, '--ring-seconds', '5');
    const [slow, quick] = await Promise.all([
      NatsConsumer.start({ server: server.address }),
      NatsConsumer.start({ server: server.address }),
    ]);
    const [calls, framesEach] = [150, 250];
    const simulator = startSimulator(gateway.url, '--calls', String(calls), '--duration', '5s', '--ramp', '300ms');
    await eventually(async () => (await slow.summary()).received > 1000);
    slow.stop();
    await eventually(() => server.log.includes('Slow Consumer Detected'));
    slow.goOn();
    expect((await simulator.report).ok).toBe(true);
    const missed = await slow.ended(calls);
    const whole = await quick.ended(calls);

    expect((await slow.summary()).connections).toBe(2);
    expect(sumOf(missed, 'missing')).toBeGreaterThan(0);
    expect(sumOf(missed, 'received') + sumOf(missed, 'missing')).toBe(calls * framesEach);
    for (const track of missed) expect(accountOf(track)).toEqual({ frames: framesEach, lapped: 0, lost: 0 });
    expect(await quick.summary()).toMatchObject({ received: calls * framesEach, repeated: 0, connections: 1 });
    expect(sumOf(whole, 'missing')).toBe(0);
    const counts = await exactCounts(gateway, calls * framesEach);
    expect(counts).toMatchObject({ lapped: 0, lost: 0, errors: 0 });
    await drainExactly(gateway);
  }),
);
