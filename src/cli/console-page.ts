/**
 * The console's page in a clone: built when it is asked for and missing, or older than what it is made of, so that `npm start` needs no
 * second command. What npm installs has the page, and neither its sources nor what builds it.
 */
import { GatewayError } from '../base/errors.ts';

interface PageBuild {
  readonly isPageStale: () => boolean;
  readonly buildPage: () => Promise<void>;
}

/** `say`: building takes seconds, which should not look like a gateway that hangs. */
export async function ensureConsolePage(say: (text: string) => void): Promise<void> {
  if (!import.meta.url.endsWith('.ts')) return;
  const { isPageStale, buildPage } = (await import(
    new URL('../../console/build.ts', import.meta.url).href
  )) as PageBuild;
  if (!isPageStale()) return;
  say("building the console's page\n");
  try {
    await buildPage();
  } catch (error) {
    throw new GatewayError('bad_settings', `--console: its page cannot be built: ${String(error)}`, { cause: error });
  }
}
