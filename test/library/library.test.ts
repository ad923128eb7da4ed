/** The gateway in a user's own process: events in order, rings read in other threads, slow readers that disturb nobody. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { startGateway } from '../../src/index.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { startSimulator } from '../support/simulator-process.ts';

interface Event {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is what it expects
  readonly data: any;
}

class Program {
  readonly events: Event[] = [];
  private readonly child: ChildProcess;

  constructor(...sinks: string[]) {
    const entry = new URL('./gateway.ts', import.meta.url).pathname;
    this.child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...sinks], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface(this.child.stdout!).on('line', (line) => this.events.push(JSON.parse(line) as Event));
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  static async start(...sinks: string[]): Promise<Program> {
    const program = new Program(...sinks);
    await eventually(() => program.of('listening').length > 0);
    return program;
  }

  of(event: string) {
    return this.events.filter((one) => one.event === event).map(({ data }) => data);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.of('listening')[0].port}/audio`;
  }
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.of('listening')[0].adminPort}/metrics`);
    const line = (await response.text()).split('\n').find((one) => one.startsWith(`acs_gateway_${name} `));
    return Number(line?.split(' ').at(-1));
  }

  async stop() {
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
    return this.of('stopped')[0];
  }
}

it('tells of a stream, its format, participants, keys and ends, in order, and of keys nowhere else', async () => {
  const program = await Program.start();
  const client = await AcsClient.connect(program.url, { 'x-ms-call-connection-id': 'call-1' });
  const dtmf = JSON.stringify({ kind: 'DtmfData', dtmfData: { data: '7' } });
  client.send(metadata('subscription-1', 24_000), audio(0, Buffer.alloc(960, 1), '4:+15550100'), dtmf);
  client.send(audio(1, Buffer.alloc(960, 2), '4:+15550100'), audio(2, Buffer.alloc(960, 2), '8:acs:b'));
  await eventually(() => program.of('participant').length === 2);
  await client.hangUp();
  await eventually(() => program.of('streamEnded').length === 1);
  const account = await program.stop();

  const told = program.events.filter(({ event }) => !['listening', 'quick', 'slow', 'stopped'].includes(event));
  const inOrder = told.map(({ event }) => event).filter((event) => event !== 'dtmf');
  expect(inOrder).toEqual([
    'stream',
    'format',
    'participant',
    'participant',
    'participantEnded',
    'participantEnded',
    'streamEnded',
  ]);
  const { id } = program.of('stream')[0];
  expect(program.of('stream')[0]).toMatchObject({ callConnectionId: 'call-1', remoteAddress: '127.0.0.1' });
  expect(program.of('format')).toEqual([{ streamId: id, subscriptionId: 'subscription-1', sampleRate: 24_000 }]);
  expect(program.of('dtmf')).toEqual([{ streamId: id, callConnectionId: 'call-1', tone: '7' }]);
  const facts = { streamId: id, callConnectionId: 'call-1', sampleRate: 24_000 };
  expect(program.of('participant')).toMatchObject([
    { ...facts, participantId: '4:+15550100' },
    { ...facts, participantId: '8:acs:b' },
  ]);
  expect(program.of('participantEnded')).toMatchObject([
    { ...facts, participantId: '4:+15550100', frames: 2, missingFrames: 0 },
    { ...facts, participantId: '8:acs:b', frames: 1 },
  ]);
  expect(program.of('streamEnded')[0]).toMatchObject({ id, committed: 3, control: 2, closeCode: 1000 });
  expect(JSON.stringify(program.of('streamEnded'))).not.toContain('"7"');
  expect(account).toMatchObject({ isExact: true, streamsCut: 0, account: { committed: 3, unaccounted: 0 } });
});

it('reads every frame in another thread, bit for bit; a slow reader is lapped, named, and disturbs nobody', async () => {
  const folder = temporaryFolder();
  const program = await Program.start(`pcm:${folder}`);
  const flags = ['--calls', '20', '--participants', '2', '--duration', '5s', '--seed', '7'];
  const { expected } = await startSimulator(program.url, ...flags, '--save', join(folder, 'sent')).report;
  await eventually(() => program.of('slow').length === 40 && program.of('quick').length === 40);
  const lapped = await program.metric('sink_lapped_frames_total{sink="slow"}');
  const read = await program.metric('sink_frames_total{sink="slow"}');
  expect(await program.metric('sink_lapped_frames_total{sink="quick"}')).toBe(0);
  expect(await program.metric('sink_frames_total{sink="quick"}')).toBe(expected.frames);
  expect(await program.metric(`sink_lapped_frames_total{sink="pcm:${folder}"}`)).toBe(0);
  expect(await program.metric('messages_total{outcome="dropped"}')).toBe(0);
  const account = await program.stop();

  const sent = [...filesBelow(join(folder, 'sent'), '.wav').values()].map((wav) => wav.subarray(44));
  const hashes = sent.map((pcm) => createHash('sha256').update(pcm).digest('hex'));
  expect(
    program
      .of('quick')
      .map(({ samples }) => samples)
      .sort(),
  ).toEqual(hashes.sort());
  expect(program.of('quick').every(({ framesRead, result }) => framesRead === 250 && result === 'ended')).toBe(true);
  // Three seconds late for rings of two: each has lost some, and all of them are counted.
  expect(program.of('slow').every(({ framesLapped }) => framesLapped > 0)).toBe(true);
  expect(read + lapped).toBe(expected.frames);
  expect(account).toMatchObject({ isExact: true, account: { unaccounted: 0, committed: expected.frames } });
});

it('refuses readers that are named as a sink is: their series could not be told apart', async () => {
  const start = startGateway({ port: 0, adminPort: 0, sink: ['module:./sink.js?name=both'], readers: ['both'] });
  await expect(start).rejects.toMatchObject({
    code: 'bad_settings',
    message: expect.stringContaining('readers: expected other names than those of sinks'),
  });
});
