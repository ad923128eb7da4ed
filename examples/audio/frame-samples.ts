import type { FrameBatch } from '../../src/index.ts';

/** Samples of one frame of a batch. Pure; any thread. */
export function frameSamples(batch: FrameBatch, frame: number): number {
  const end = frame + 1 < batch.frameCount ? batch.offsets[frame + 1]! : batch.sampleCount;
  return end - batch.offsets[frame]!;
}
