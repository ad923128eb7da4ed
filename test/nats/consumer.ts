/** A consumer of the sink `nats` in a process of its own, as on another machine, and the comparison of what it heard with what was sent. */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { recordingName } from '../../src/base/recording-name.ts';
import { filesBelow } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';
import type { TrackReport } from './heard.ts';

export interface ConsumerOptions {
  readonly server: string;
  readonly prefix?: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** File of a certificate. */
  readonly ca?: string;
  /** How long it waits between attempts to connect again. */
  readonly reconnectMs?: number;
  /** Keep what each frame says. */
  readonly facts?: boolean;
  /** Read this JetStream stream from its beginning instead of subscribing. */
  readonly replay?: string;
}

export interface ConsumerSummary {
  readonly messages: number;
  /** Different frames. */
  readonly received: number;
  readonly repeated: number;
  readonly tracks: number;
  readonly ended: number;
  /** The first, and each after one that broke. */
  readonly connections: number;
  /** Messages that are not as documented. */
  readonly problems: readonly string[];
}

export type ConsumerQuestion = 'summary' | 'tracks';
export type ConsumerAnswer = ConsumerSummary | readonly TrackReport[];

const entry = new URL('./consumer-process.ts', import.meta.url);

export class NatsConsumer {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Starts one; it has subscribed, or read everything, when this resolves. For a test: gone when it is over. */
  static async start(options: ConsumerOptions): Promise<NatsConsumer> {
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    const child = fork(entry, [JSON.stringify(options)], { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const exited = once(child, 'exit').then(() => Promise.reject(new Error('the consumer ended before it was ready')));
    exited.catch(() => {});
    await Promise.race([once(child, 'message'), exited]);
    return new NatsConsumer(child);
  }

  /** Stops reading, with its connection open. */
  stop(): void {
    this.child.kill('SIGSTOP');
  }
  goOn(): void {
    this.child.kill('SIGCONT');
  }

  summary(): Promise<ConsumerSummary> {
    return this.ask('summary') as Promise<ConsumerSummary>;
  }
  tracks(): Promise<readonly TrackReport[]> {
    return this.ask('tracks') as Promise<readonly TrackReport[]>;
  }

  /** Waits until so many tracks have ended, and returns all. */
  async ended(tracks: number): Promise<readonly TrackReport[]> {
    await eventually(async () => (await this.summary()).ended >= tracks);
    return this.tracks();
  }

  private async ask(question: ConsumerQuestion): Promise<ConsumerAnswer> {
    this.child.send(question);
    const [answer] = (await once(this.child, 'message')) as [ConsumerAnswer];
    return answer;
  }
}

export type Count =
  | 'received'
  | 'repeated'
  | 'missing'
  | 'disordered'
  | 'silent'
  | 'duplicate'
  | 'late'
  | 'missingBefore';

export function sumOf(tracks: readonly TrackReport[], name: Count): number {
  return tracks.reduce((total, track) => total + track[name], 0);
}

/** The last word about a track. */
export function accountOf({ events }: TrackReport): { frames: number; lapped: number; lost: number } | null {
  const event = events.find(({ type }) => type === 'ended');
  if (event === undefined) return null;
  return { frames: event.frames!, lapped: event.lapped!, lost: event.lost! };
}

/** What differs between what a consumer put together and what `simulate --save` left: a line a track. */
export function differencesFromSent(tracks: readonly TrackReport[], folder: string): string[] {
  const wavHeaderBytes = 80;
  const sent = new Map<string, string>();
  for (const [path, file] of filesBelow(folder, '.wav')) {
    sent.set(path, createHash('sha256').update(file.subarray(wavHeaderBytes)).digest('hex'));
  }
  const lines: string[] = [];
  for (const { events, sha256, track } of tracks) {
    const event = events[0];
    const path = event && `${recordingName(event.callConnectionId)}/${recordingName(event.participantId)}.wav`;
    if (path === undefined || !sent.has(path)) lines.push(`${path ?? track}: never sent, or twice`);
    else if (sent.get(path) !== sha256) lines.push(`${path}: other bytes`);
    if (path !== undefined) sent.delete(path);
  }
  for (const path of sent.keys()) lines.push(`${path}: not heard`);
  return lines;
}
