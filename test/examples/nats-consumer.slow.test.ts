/** The example consumer, as a user runs it: members of a group share the participants, and what they save is what was said. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { NatsServer } from '../nats/server.ts';
import { differences, filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';
import { testNeeding } from '../support/needs.ts';
import { nodeOptions } from '../support/node-options.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { judgingTimes } from '../support/starvation.ts';

const it = testNeeding('nats-server');

const example = new URL('../../examples/nats-consumer/main.ts', import.meta.url).pathname;

interface Totals {
  readonly participants: number;
  readonly received: number;
  readonly repeated: number;
  readonly missing: number;
}

class Member {
  output = '';
  private readonly child: ChildProcess;

  private constructor(server: NatsServer, folder: string) {
    const flags = ['--server', `nats://${server.address}`, '--group', 'test', '--save', folder];
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', example, ...flags], {
      env: { ...process.env, NODE_OPTIONS: nodeOptions() },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  static async join(server: NatsServer, folder: string): Promise<Member> {
    const member = new Member(server, folder);
    await eventually(() => member.output.includes('in the group'));
    return member;
  }

  get taken(): number {
    return this.output.match(/: listening$/gm)?.length ?? 0;
  }
  get ended(): number {
    return this.output.match(/: ended,/g)?.length ?? 0;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  async leave(): Promise<Totals> {
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
    return JSON.parse(this.output.trim().split('\n').at(-1)!) as Totals;
  }
}

async function rig(...flags: readonly string[]) {
  const server = await NatsServer.forTest();
  const folder = temporaryFolder();
  const heard = join(folder, 'heard');
  const members = [await Member.join(server, heard), await Member.join(server, heard)] as const;
  const sinks = ['--sink', `pcm:${join(folder, 'expected')}`, '--sink', `nats://${server.address}`];
  const gateway = await GatewayProcess.start(...sinks, ...flags);
  onTestFinished(() => gateway.kill());
  return { members, gateway, heard, expected: join(folder, 'expected') };
}

it(
  'saves what the gateway saves, bit for bit, however the participants are shared',
  judgingTimes(async () => {
    const { members, gateway, heard, expected } = await rig('--ring-seconds', '5');
    const { report } = startSimulator(
      gateway.url,
      ...['--calls', '20', '--participants', '2', '--duration', '3s'],
      ...['--loss', '0.02', '--reorder', '0.02', '--duplicate', '0.02', '--silence', '0.2'],
    );
    const { frames } = (await report).expected;
    await eventually(() => members[0].ended + members[1].ended === 40);
    await gateway.drain();
    const totals = [await members[0].leave(), await members[1].leave()];
    expect(differences(filesBelow(heard, '.pcm'), filesBelow(expected, '.pcm'))).toEqual([]);
    expect(totals.map(({ participants }) => participants).every((count) => count > 0)).toBe(true);
    expect(totals[0]!.received + totals[1]!.received).toBe(frames);
    expect(totals.map(({ missing, repeated }) => [missing, repeated])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  }),
);

it(
  'takes over the participants of a member that dies, and says how much of them it did not hear',
  judgingTimes(async () => {
    const { members, gateway } = await rig();
    const { report } = startSimulator(gateway.url, '--calls', '10', '--participants', '2', '--duration', '9s');
    await eventually(() => members[0].taken + members[1].taken === 20);
    const left = members[0].taken;
    members[1].kill();
    const { frames } = (await report).expected;
    await eventually(() => members[0].ended === 20);
    await gateway.drain();
    const totals = await members[0].leave();
    expect(left).toBeLessThan(20);
    expect(totals.participants).toBe(20);
    // Those that it took over are missing up to then, and nothing else is.
    expect(totals.received + totals.missing).toBe(frames);
    expect(totals.missing).toBeGreaterThan(0);
  }),
);
