/** How long a gateway may take to end once its calls have ended or were cut. */
import { exitMsMax } from '../../src/base/limits.ts';

/** Lanes and readers, then sinks, then what hangs. */
export const afterDrainMs = exitMsMax;
