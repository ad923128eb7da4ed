/** A measurement of a server that kept up; tests change what they are about. */
import type { Measurement } from '../../../bench/load/measurement.ts';

export const measurement: Measurement = {
  load: { streams: 1000, framesPerSecond: 50_000, participants: 1, sampleRate: 16_000 },
  cores: 2,
  seconds: 10,
  frames: 500_000,
  userUs: 1_000_000,
  systemUs: 1_500_000,
  mainThreadUs: 3_000_000,
  hasProxy: false,
  proxyUserUs: 0,
  proxySystemUs: 0,
  residence: { bounds: [1, 2, Number.POSITIVE_INFINITY], counts: [50, 50, 0] },
  dropped: 0,
  droppedBefore: 7,
  droppedBy: {},
  rssBytes: 100 * 2 ** 20,
  rssGrowthBytes: 20 * 2 ** 20,
  gcMs: 100,
  gcPauseMaxMs: 3,
  generator: {
    seconds: 10,
    framesSent: 500_000,
    framesUnsent: 0,
    cpuUs: 4_000_000,
    latenessMs: { p50: 0.5, p99: 2, max: 9 },
  },
  suite: null,
  mismatches: [],
};
