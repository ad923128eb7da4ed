/** How long a gateway may take to end once its calls have ended or were cut. */
import { flushMsMax, sinkStopMsMax } from '../../src/limits.ts';

/** Lanes and readers, then sinks. */
export const afterDrainMs = flushMsMax + sinkStopMsMax;
