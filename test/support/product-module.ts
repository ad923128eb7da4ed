/**
 * A module of the product as the processes of tests run it: built, or from the sources. For users' programs and sinks, and for faults
 * that are loaded into a gateway (`--import`): these must change the very class that it uses.
 */
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { entry } from './gateway-process.ts';

/** `name`: as it is called below `src/`, without its extension. */
export async function productModule<Module>(name: string): Promise<Module> {
  const file = join(dirname(entry), `${name}${extname(entry)}`);
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Module;
}
