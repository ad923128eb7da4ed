/** What a worker decodes before it has its lane. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { FrameDecoder } from '../../src/decoder/frame-decoder.ts';
import type { LeaseChanges } from '../../src/decoder/lease-changes.ts';
import { rehearse } from '../../src/decoder/rehearsal.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { createParsers } from '../../src/protocol/parsers.ts';
import { usableDecoders } from './rig.ts';

it.each(usableDecoders)('with the decoder %s: whole calls, and every way that a message can go', (name) => {
  const created = vi.spyOn(SharedMemory, 'create');
  const told = vi.spyOn(FrameDecoder.prototype, 'takeChanges');
  onTestFinished(() => void vi.restoreAllMocks());
  rehearse(createParsers(name), () => performance.now());
  const results = told.mock.results as { value: LeaseChanges | null }[];
  expect(results.length).toBeGreaterThan(10);
  for (const { value } of results) expect(value).toMatchObject({ streams: [0], faults: [] });
  const [lane] = (created.mock.results[0]!.value as SharedMemory).lanes;
  expect([lane!.committed, lane!.control, lane!.ignored].every((count) => count > 0)).toBe(true);
  for (const reason of ['malformed_json', 'participant_limit', 'costly'] as const) {
    expect(lane!.dropped(reason), reason).toBeGreaterThan(0);
  }
  expect([lane!.loadRingsHeld(), lane!.unaccounted]).toEqual([0, 0]);
});
