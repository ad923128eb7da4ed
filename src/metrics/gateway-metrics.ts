/** Every metric of a gateway, family by family, in the order in which `/metrics` tells them. Main thread. */
import { registerCapture } from './capture.ts';
import { registerConnections } from './connections.ts';
import { registerConsole } from './console.ts';
import type { Sources } from './families.ts';
import { registerFrames } from './frames.ts';
import { registerInternals } from './internals.ts';
import { registerMessages } from './messages.ts';
import { registerPlayback } from './playback.ts';
import { registerProcess } from './process.ts';
import { registerRecordings } from './recordings.ts';
import { Metrics } from './registry.ts';
import { registerStreams } from './streams.ts';
import { registerThreads } from './threads.ts';

const families = [
  registerStreams,
  registerConnections,
  registerMessages,
  registerFrames,
  registerPlayback,
  registerInternals,
  registerRecordings,
  registerCapture,
  registerConsole,
  registerThreads,
  registerProcess,
];

export function createMetrics(sources: Sources): Metrics {
  const metrics = new Metrics();
  for (const register of families) register(metrics, sources);
  return metrics;
}
