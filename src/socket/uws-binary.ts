/**
 * uWebSockets.js as it fits what runs us: two packages bring its binaries, each for other versions of Node.js. Loaded at once, so that what
 * cannot run here says so before anything starts. Throws `native_missing`. Main thread.
 */

import type * as Uws from 'uWebSockets.js';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '../base/errors.ts';
import { nativeProblem, uwsPackage } from '../base/native.ts';

function load(): typeof Uws {
  const name = uwsPackage(process.versions.node);
  try {
    // What is resolved as an import can be required by its path: an import that waits would keep the package from being required itself.
    return createRequire(import.meta.url)(fileURLToPath(import.meta.resolve(name))) as typeof Uws;
  } catch (error) {
    throw new GatewayError('native_missing', nativeProblem(name, String(error)));
  }
}

export const uws: typeof Uws = load();
