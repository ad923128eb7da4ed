/** How long a gateway may take to end once its calls have ended or were cut. */
import { lastScrape } from '../../src/admin/scrapers.ts';
import { exitLingerMs, exitMsMax, threadEndMsMax } from '../../src/base/limits.ts';

/** Lanes and readers, then sinks, then what hangs; or a Prometheus that comes late. */
export const afterDrainMs = Math.max(exitMsMax, lastScrape.msMax + 2 * threadEndMsMax + exitLingerMs);
