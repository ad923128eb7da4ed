/**
 * The callers of the demonstration, in a process of their own: what they do to keep their pace must not be seen as a delay of the gateway.
 * Started by main.ts with the gateway's address, the number of calls and a seed; ends when its parent asks, or is gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AudioSource } from '../../src/simulator/audio.ts';
import { syntheticAudio } from '../../src/simulator/audio.ts';
import type { SimulateOptions } from '../../src/simulator/options.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';

/** Of 40 calls. */
const lines: Readonly<Record<string, { readonly calls: number } & Partial<SimulateOptions>>> = {
  sales: { calls: 12, participants: 2, silence: 0.4, jitterMs: 4 },
  support: { calls: 8, participants: 3, silence: 0.6, jitterMs: 10, sampleRate: 24_000 },
  conference: { calls: 2, participants: 8, silence: 0.75, jitterMs: 6 },
  voicemail: { calls: 4, participants: 0, silence: 0.2 },
  mobile: { calls: 5, participants: 2, silence: 0.3, loss: 0.01, reorder: 0.01, jitterMs: 60 },
  'hotel wifi': { calls: 3, participants: 2, silence: 0.3, stallMs: 4000, stallEveryMs: 25_000 },
  assistant: { calls: 6, participants: 1, bargeInMs: 2200, jitterMs: 5, loss: 0.002 },
};
const callsOfAll = 40;
const [shortestMs, longestMs] = [120_000, 600_000] as const;
const pauseMs = 3000;

const [url = '', callCount = '40', firstSeed = '1'] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
process.on('disconnect', () => stop.abort());

// Made once: voices take a while.
const voices = { 16000: syntheticAudio(Number(firstSeed), 16_000), 24000: syntheticAudio(Number(firstSeed), 24_000) };

/** The same voices, beginning with another one. */
function from(audio: AudioSource, first: number): AudioSource {
  return { loopCount: audio.loopCount, place: (ordinal) => audio.place(ordinal + first) };
}

/** One caller after the other, whatever becomes of each call. */
async function keepCalling(number: number, line: string, options: Partial<SimulateOptions>): Promise<void> {
  for (let seed = Number(firstSeed) + number; !stop.signal.aborted; seed += 1000) {
    const durationMs = shortestMs + Math.random() ** 2 * (longestMs - shortestMs);
    const audio = from(voices[options.sampleRate ?? 16_000], number * 3);
    const to = `${url}?line=${encodeURIComponent(line)}`;
    await simulateCalls({ ...options, url: to, calls: 1, durationMs, seed, audio }, { stopped: stop.signal });
    await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => {});
  }
}

const callers: Promise<void>[] = [];
for (const [line, { calls, ...options }] of Object.entries(lines)) {
  for (let i = Math.max(1, Math.round((calls * Number(callCount)) / callsOfAll)); i > 0 && !stop.signal.aborted; i--) {
    callers.push(keepCalling(callers.length, line, options));
    // One after the other: a gateway whose main thread is late takes no new call.
    await sleep(50);
  }
}
await Promise.all(callers);
if (process.connected) process.disconnect();
