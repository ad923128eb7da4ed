/**
 * The callers of the demonstration, in a process of their own: what they do to keep their pace must not be seen as a delay of the gateway.
 * Started by main.ts with the gateway's address and the number of calls; ends when its parent asks, or is gone.
 */
import type { SimulateOptions } from '../../src/simulator/options.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';

/** Of 40 calls. */
const lines: Readonly<Record<string, { readonly calls: number } & Partial<SimulateOptions>>> = {
  sales: { calls: 12, participants: 2, silence: 0.4, jitterMs: 4, churn: 0.1 },
  support: { calls: 8, participants: 3, silence: 0.6, jitterMs: 10, sampleRate: 24_000 },
  conference: { calls: 2, participants: 8, silence: 0.75, jitterMs: 6 },
  voicemail: { calls: 4, participants: 0, silence: 0.2, churn: 0.1 },
  mobile: { calls: 5, participants: 2, silence: 0.3, loss: 0.01, reorder: 0.01, jitterMs: 60 },
  'hotel wifi': { calls: 3, participants: 2, silence: 0.3, stallMs: 4000, stallEveryMs: 25_000 },
  assistant: { calls: 6, participants: 1, bargeInMs: 2200, jitterMs: 5 },
};
const callsOfAll = 40;
const weekMs = 7 * 86_400_000;

const [url = '', calls = '40', firstSeed = '1'] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
process.on('disconnect', () => stop.abort());

const runs = Object.entries(lines).map(([line, options], i) =>
  simulateCalls(
    {
      ...options,
      url: `${url}?line=${encodeURIComponent(line)}`,
      calls: Math.max(1, Math.round((options.calls * Number(calls)) / callsOfAll)),
      durationMs: weekMs,
      seed: Number(firstSeed) + i,
    },
    { stopped: stop.signal },
  ),
);
await Promise.all(runs);
process.disconnect?.();
