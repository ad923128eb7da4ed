/**
 * Imported for its effect, before anything else of the package is loaded: says in one sentence why it cannot work here. What would
 * follow otherwise is the stack trace of a library. Any thread.
 */
import { existsSync } from 'node:fs';
import { GatewayError } from './errors.ts';
import { runtimeProblem } from './runtime.ts';

/** Worker threads and native binaries are files of their own, found from where this one lies. */
function isBundled(url: string | undefined): boolean {
  if (url === undefined) return true;
  const extension = url.slice(url.lastIndexOf('.'));
  return !existsSync(new URL(`../decoder/decoder.worker${extension}`, url));
}

const problem = isBundled(import.meta.url)
  ? 'acs-audio-gateway cannot be part of a bundle: its worker threads and native binaries are files. Leave it out and install it ' +
    'beside the bundle: esbuild --external:acs-audio-gateway, or the same option of another bundler'
  : runtimeProblem(process.versions);
if (problem !== null) throw new GatewayError('native_missing', problem);
