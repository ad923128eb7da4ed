/**
 * Loaded before the gateway, in each of its threads (`--import`): the capture's thread dies when it finds a file with the way
 * of dying in it. `between`: when a block stands in the file and nobody knows yet.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import { productModule } from '../support/product-module.ts';

export const captureFaults = ['exit', 'throw', 'between'] as const;
export type CaptureFault = (typeof captureFaults)[number];

const variable = 'ACS_TEST_CAPTURE_FAULT';

/** The environment of a gateway whose capture can be told to die by `killCapture(folder, …)`. */
export function faultyCapture(folder: string): Record<string, string> {
  return { NODE_OPTIONS: nodeOptions(import.meta.url), [variable]: join(folder, 'fault') };
}

/** Has the capture's thread die, and waits until it has taken the order. */
export async function killCapture(folder: string, fault: CaptureFault): Promise<void> {
  const path = join(folder, 'fault');
  writeFileSync(`${path}-new`, fault);
  renameSync(`${path}-new`, path);
  await eventually(() => !existsSync(path));
}

const order = process.env[variable];
if (order !== undefined) {
  const { CaptureFile } =
    await productModule<typeof import('../../src/capture/capture-file.ts')>('capture/capture-file');
  const append = CaptureFile.prototype.append;
  CaptureFile.prototype.append = function (bytes) {
    if (!existsSync(order)) {
      append.call(this, bytes);
      return;
    }
    const fault = readFileSync(order, 'utf8');
    renameSync(order, `${order}-taken`);
    if (fault === 'between') append.call(this, bytes);
    if (fault !== 'throw') process.exit(7);
    setImmediate(() => Promise.reject(new Error('outside of every guard')));
    append.call(this, bytes);
  };
}
