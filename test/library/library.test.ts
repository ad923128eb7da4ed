/** The gateway in a user's own process: events in order, rings read in other threads, slow readers that disturb nobody. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startGateway } from '../../src/index.ts';
import { shortRingFrames } from '../ring/short-ring-frames.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import { startSimulator } from '../support/simulator-process.ts';
import { Program } from './program.ts';

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

  const sent = [...filesBelow(join(folder, 'sent'), '.wav').values()].map((wav) => wav.subarray(80));
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

it('has a participant continue in another ring when one is full, and every frame is in one of them', async () => {
  const program = await Program.startWith(['ring/short-rings']);
  const flags = ['--calls', '4', '--participants', '1', '--duration', '5s', '--seed', '8'];
  const { expected } = await startSimulator(program.url, ...flags).report;
  const rings = 4 * Math.ceil(250 / shortRingFrames);
  await eventually(() => program.of('quick').length === rings);
  expect(program.of('participant')).toHaveLength(rings);
  expect(program.of('quick').every(({ framesLapped, result }) => framesLapped === 0 && result === 'ended')).toBe(true);
  const read = program.of('quick').reduce((sum, { framesRead }) => sum + framesRead, 0);
  expect(read).toBe(expected.frames);
  expect(await program.stop()).toMatchObject({
    isExact: true,
    account: { unaccounted: 0, committed: expected.frames },
  });
  const records = program
    .of('streamEnded')
    .map(({ audio: { frames, missingFrames, pauses } }) => [frames, missingFrames, pauses]);
  expect(records).toEqual(Array(4).fill([250, 0, 0]));
});

it('tells of every file when it is finished, that of the call as the last, and names them at the end of the stream', async () => {
  const folder = temporaryFolder();
  const program = await Program.start(`wav:${folder}?call=stereo`);
  await startSimulator(program.url, '--calls', '1', '--participants', '2', '--duration', '1s').report;
  await eventually(() => program.of('recording').length === 3);
  await program.stop();
  const recordings = program.of('recording');
  expect(recordings.map(({ kind, channels }) => [kind, channels])).toEqual([
    ['participant', 1],
    ['participant', 1],
    ['call', 2],
  ]);
  for (const { path } of recordings) expect(existsSync(path as string)).toBe(true);
  expect(program.of('streamEnded')).toMatchObject([{ recordings: expect.arrayContaining(recordings.slice(0, 2)) }]);
});
