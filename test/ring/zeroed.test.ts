/**
 * Nobody finds another call's audio in its ring: what a call leaves in shared memory is gone before the next call can have the
 * ring. Looked at where it lies, byte by byte: first with the decoder and the pool alone, then in a whole gateway, whose
 * shared memory is read from outside.
 */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { frameBytes } from '../../src/base/limits.ts';
import { configure } from '../../src/cli/configuration.ts';
import { ring } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { recordKind } from '../../src/memory/states.ts';
import { audio, metadata } from '../decoder/messages.ts';
import { DecoderRig } from '../decoder/rig.ts';
import { AcsClient } from '../support/acs-client.ts';
import { eventually } from '../support/gateway-process.ts';
import { ringParts } from './ring-rig.ts';

/** What the first call says: it is in no other's audio. */
const spoken = Buffer.from('THE-FIRST-CALL!!');
const secretId = '4:+15550100-OF-THE-FIRST-CALL';

function packet(bytes: number): string {
  return Buffer.alloc(bytes, spoken).toString('base64');
}

/** All memory of all rings. */
function allRings(memory: SharedMemory): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < memory.geometry.ringCount; index++) parts.push(...ringParts(memory, index));
  return Buffer.concat(parts);
}

/** Every byte of a ring but its generation, which lives on. */
function isZero(memory: SharedMemory, index: number): boolean {
  const [own, slots] = ringParts(memory, index);
  const before = own.subarray(0, ring.generation);
  const after = own.subarray(ring.generation + 4);
  return [before, after, slots].every((bytes) => bytes.equals(Buffer.alloc(bytes.length)));
}

/** How many frames a first call may say: none of a ring, some, exactly all of it, and several times around. */
const frameCounts = [1, 50, 104, 105, 106, 500];

describe('with the decoder and the pool', () => {
  it.each(frameCounts)('a ring that had %i frames of a call is all zeros after it', (count) => {
    const rig = new DecoderRig({ ringCount: 2, streamCount: 2 });
    rig.feed(metadata());
    for (let n = 0; n < count; n++) rig.feed(audio({ data: packet(640), participantRawID: secretId }));
    const [index] = rig.rings();
    expect(allRings(rig.memory).includes(spoken)).toBe(true);
    expect(allRings(rig.memory).includes(secretId)).toBe(true);
    rig.close();
    rig.release();
    expect(isZero(rig.memory, index!)).toBe(true);
    expect(allRings(rig.memory).includes(spoken)).toBe(false);
    expect(allRings(rig.memory).includes(secretId)).toBe(false);
  });

  it.each([16_000, 24_000])('at %i Hz too, all of it is zeros', (sampleRate) => {
    const rig = new DecoderRig({ ringCount: 1, streamCount: 1 });
    rig.feed(metadata({ sampleRate }));
    for (let n = 0; n < 300; n++) rig.feed(audio({ data: packet(frameBytes(sampleRate)) }));
    const [index] = rig.rings();
    rig.release();
    expect(isZero(rig.memory, index!)).toBe(true);
  });

  it.each([1, 105])(
    'what a message with bad base64 left behind frame %i, never published, is gone as well',
    (count) => {
      const rig = new DecoderRig({ ringCount: 1, streamCount: 1 });
      rig.feed(metadata());
      for (let n = 0; n < count; n++) rig.feed(audio({ data: packet(640) }));
      expect(rig.feed(audio({ data: `${packet(639).slice(0, -4)}*AAA` }))).toBe('dropped: malformed_audio');
      expect(rig.feed(audio({ data: `${packet(65_536)}` }))).toBe('committed');
      expect(rig.feed(audio({ data: `${packet(65_536).slice(0, -8)}*AAAAAAA` }))).toBe('dropped: malformed_audio');
      const [index] = rig.rings();
      rig.release();
      expect(isZero(rig.memory, index!)).toBe(true);
    },
  );

  it('a call that gets the ring reads its own frames only, however far its reader goes back', () => {
    const rig = new DecoderRig({ ringCount: 1, streamCount: 2 });
    rig.feed(metadata());
    for (let n = 0; n < 300; n++) rig.feed(audio({ data: packet(640) }));
    const first = rig.rings()[0]!;
    const stale = rig.reader(first);
    rig.close();
    rig.release();
    rig.feed(metadata(), { stream: 1 });
    // Shorter than a frame: the rest of its slot must be nobody's.
    rig.feed(audio({ data: Buffer.alloc(2, 1).toString('base64') }), { stream: 1 });
    expect(rig.rings(1)).toEqual([first]);
    expect(rig.frames(0, 1).map((frame) => frame.pcm)).toEqual([Buffer.alloc(2, 1)]);
    expect(allRings(rig.memory).includes(spoken)).toBe(false);
    rig.push(recordKind.close, undefined, 1);
    expect(stale.lag).toBeLessThan(2);
  });
});

/** A gateway in this process, with one ring, and its shared memory. */
async function startGateway(): Promise<{ url: string; memory: SharedMemory }> {
  const { Gateway } = await import('../../src/gateway/gateway.ts');
  const { createLog } = await import('../../src/base/log.ts');
  const created = vi.spyOn(SharedMemory, 'create');
  const config = configure(flags, {});
  const gateway = new Gateway(config, createLog('silent'));
  const memory = created.mock.results[0]!.value as SharedMemory;
  created.mockRestore();
  const { port } = await gateway.start();
  onTestFinished(async () => {
    await gateway.drain();
    await gateway.stop();
  });
  return { url: `ws://127.0.0.1:${port}/audio`, memory };
}

const flags = [
  ['--port', '0'],
  ['--admin-port', '0'],
  ['--workers', '1'],
  ['--ring-memory-mb', '1'],
  ['--max-streams', '8'],
  ['--drain-timeout-ms', '0'],
].flat();

it('in a gateway, what a call said is in none of its rings when the next call has them', async () => {
  const { url, memory } = await startGateway();
  const first = await AcsClient.connect(url);
  first.send(metadata());
  for (let n = 0; n < 150; n++)
    for (const id of [undefined, secretId]) first.send(audio({ data: packet(640), participantRawID: id }));
  await eventually(() => allRings(memory).includes(secretId));
  await eventually(() => allRings(memory).includes(spoken));
  const taken = Array.from({ length: memory.geometry.ringCount }, (_, index) => index).filter(
    (i) => !isZero(memory, i),
  );
  expect(taken).toHaveLength(2);
  await first.hangUp();
  await eventually(() => taken.every((index) => isZero(memory, index)));

  const second = await AcsClient.connect(url);
  second.send(metadata());
  for (const id of ['a', 'b'])
    second.send(audio({ data: Buffer.alloc(64, 5).toString('base64'), participantRawID: id }));
  await eventually(() => taken.every((index) => !isZero(memory, index)));
  expect(allRings(memory).includes(spoken)).toBe(false);
  expect(allRings(memory).includes(secretId)).toBe(false);
  await second.hangUp();
});
