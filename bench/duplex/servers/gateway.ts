/**
 * A program with a gateway in it, and a thread that speaks: it gets the way into every stream. Asked by `bench/duplex/gateway.ts`.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type PlaybackHandle, startGateway } from '../../../src/index.ts';
import { answer } from '../../load/ipc.ts';
import type { ServerOptions } from '../../load/server.ts';
import type { Mode } from '../server.ts';

export interface Start extends ServerOptions {
  readonly mode: Mode;
}

/** What the speaking thread says of itself. */
export interface Voice {
  readonly cpuUs: number;
  readonly digest: number;
  /** Audio that it wrote and that is not sent yet. */
  readonly queuedMs: number;
}

export type ToVoice =
  | { readonly type: 'call'; readonly handle: PlaybackHandle }
  | { readonly type: 'hush' }
  | { readonly type: 'voice' };

/** What a participant's history may cost, with room to spare. */
const ringBytes = 160 * 1024;
const mebibyte = 2 ** 20;
const hushPollMs = 50;
/** Played after it was sent. */
const leadMs = 200;

let voice: Worker | null = null;
let stop: () => Promise<boolean> = async () => true;

async function ask(): Promise<Voice> {
  if (voice === null) return { cpuUs: 0, digest: 0, queuedMs: 0 };
  voice.postMessage({ type: 'voice' } satisfies ToVoice);
  const [said] = (await once(voice, 'message')) as [Voice];
  return said;
}

async function listen({ mode, streams, participants, isVerified }: Start) {
  const mayLeave = mode !== 'hears';
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    adminPort: 0,
    logLevel: 'warn',
    maxStreams: streams,
    maxParticipants: participants,
    // What is sent has a ring as well.
    ringMemoryMb: Math.ceil((streams * (participants + 1) * ringBytes) / mebibyte) + 64,
    idleTimeoutMs: 3_600_000,
    metadataTimeoutMs: 60_000,
    drainTimeoutMs: 1000,
    maxUpgradesPerSecond: 1_000_000,
    maxUpgradesPerAddress: 1_000_000,
    playback: mayLeave ? 'on' : 'off',
    playbackMemoryMb: Math.max(64, Math.ceil(streams / 4)),
  });
  stop = async () => (await gateway.stop()).isExact;
  if (mayLeave) {
    const workerData = { streams, isSpeaking: mode === 'speaks', isVerified };
    const worker = new Worker(new URL('./voice.worker.ts', import.meta.url), { workerData });
    // What its code costs is no stream's: it is there before any comes.
    await once(worker, 'message');
    voice = worker;
    gateway.on('stream', (stream) => worker.postMessage({ type: 'call', handle: stream.playback() } satisfies ToVoice));
  }
  return { port: gateway.port, adminPort: gateway.adminPort };
}

async function hush(): Promise<void> {
  voice?.postMessage({ type: 'hush' } satisfies ToVoice);
  while ((await ask()).queuedMs > 0) await sleep(hushPollMs);
  await sleep(leadMs);
}

answer({ listen, voice: ask, hush });
process.once('SIGTERM', async () => process.exit((await stop()) ? 0 : 1));
