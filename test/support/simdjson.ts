/** Whether this machine has the simdjson addon. It needs a C++ toolchain, so tests must pass without it. */
import { loadSimdjson } from '../../src/decoder/protocol/parsers.ts';

export const hasSimdjson = !('missing' in loadSimdjson());
