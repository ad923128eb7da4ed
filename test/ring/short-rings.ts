/**
 * Loaded before the gateway (`--import`): its rings are full after two seconds instead of 248 days. With `faulty-decoder.ts` the
 * only way to have the real process meet what takes so long.
 */
import { productModule } from '../support/product-module.ts';
import { shortRingFrames } from './short-ring-frames.ts';

const { SharedMemory } =
  await productModule<typeof import('../../src/memory/shared-memory.ts')>('memory/shared-memory');
const { create } = SharedMemory;
SharedMemory.create = (geometry) => create.call(SharedMemory, geometry, shortRingFrames);
