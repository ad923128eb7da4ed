/**
 * For faults that are loaded into a gateway (`--import`): a module of the product as this process runs it, from the sources or
 * built. A fault must change the very class that the product uses.
 */
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { entry } from './gateway-process.ts';

/** `name`: as it is called below `src/`, without its extension. */
export async function productModule<Module>(name: string): Promise<Module> {
  const file = join(dirname(entry), `${name}${extname(entry)}`);
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Module;
}
