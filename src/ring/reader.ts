/** A cursor by the address of its ring. */
import type { SharedMemory } from '../memory/shared-memory.ts';
import { placeOf, type RingAddress, RingCursor } from './cursor.ts';

export type { ReadResult, RingAddress as RingHandle } from './cursor.ts';
export { Frame } from './frame.ts';

export class RingReader extends RingCursor {
  constructor(memory: SharedMemory, address: RingAddress) {
    super(placeOf(memory, address));
  }
}
