/** The example agent, as a user runs it: calls hear back what they say, by way of a real server, and that it stays small. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { startWithSink } from '../nats/rig.ts';
import { NatsServer } from '../nats/server.ts';
import { eventually } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { nodeOptions } from '../support/node-options.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { judgingTimes } from '../support/starvation.ts';

const it = testNeeding('nats-server');
const entry = new URL('../../examples/nats-agent/main.ts', import.meta.url).pathname;

async function startAgent(server: NatsServer): Promise<ChildProcess> {
  let output = '';
  const flags = ['--disable-warning=ExperimentalWarning', entry, '--server', server.address, '--delay', '3000'];
  const agent = spawn(process.execPath, flags, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: nodeOptions() },
  });
  onTestFinished(() => void agent.kill('SIGKILL'));
  agent.stdout!.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await eventually(() => output.includes('listening to'));
  return agent;
}

it(
  'says to each call what it says, so much later, without a gap',
  judgingTimes(async () => {
    const server = await NatsServer.forTest();
    const gateway = await startWithSink(`nats://${server.address}?playback`);
    const agent = await startAgent(server);
    const flags = ['--calls', '5', '--participants', '0', '--duration', '8s'];
    const { calls, heard } = await startSimulator(gateway.url, ...flags).report;
    expect([calls.completed, heard.broken.notJson, heard.otherRateMessages, heard.stopAudios]).toEqual([5, 0, 0, 0]);
    expect(heard.underruns.count).toBe(0);
    // All that was said but what was under way when the call was hung up.
    expect(heard.frames.received).toBeGreaterThan(5 * 375);
    agent.kill('SIGTERM');
    expect((await once(agent, 'close'))[0]).toBe(0);
    const metrics = await gateway.metrics();
    // What it says after a call's end is refused.
    for (const outcome of ['short', 'malformed']) {
      const name = `sink_playback_messages_total{sink="nats://${server.address}/acs.audio?playback",outcome="${outcome}"}`;
      expect(metrics.get(name), outcome).toBe(0);
    }
  }),
);

it('has sixty lines at most', () => {
  expect(readFileSync(entry, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(60);
});
