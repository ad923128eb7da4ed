/** The public API of the package: what a user's own code may import. */
export { type ErrorCode, GatewayError } from './errors.ts';
export { SharedMemory, type SharedMemoryHandle } from './memory/shared-memory.ts';
export { Frame, type ReadResult, type RingHandle, RingReader } from './ring/reader.ts';
