/** The account of speech of a running gateway, at any moment: written = sent + cleared + discarded + queued, of each call and of all. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayProcess } from '../support/gateway-process.ts';

const lookMs = 100;

export class SpeechWatch {
  readonly problems = new Set<string>();
  looks = 0;
  private readonly gateway: GatewayProcess;
  private readonly last = new Map<string, number>();
  private isStopped = false;
  private looking: Promise<void> | null = null;

  constructor(gateway: GatewayProcess) {
    this.gateway = gateway;
  }

  start(): void {
    this.looking = this.lookOn();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.looking;
  }

  private async lookOn(): Promise<void> {
    while (!this.isStopped) {
      // One that is being drained closes its port in between.
      await this.look().catch(() => {});
      await sleep(lookMs);
    }
  }

  private async look(): Promise<void> {
    const metrics = await this.gateway.metrics();
    if (metrics.get('playback_frames_unaccounted') !== 0) {
      this.problems.add(`playback_frames_unaccounted is ${metrics.get('playback_frames_unaccounted')}`);
    }
    for (const [name, value] of metrics) {
      if (!/^playback_\w+_total/.test(name)) continue;
      if (value < (this.last.get(name) ?? 0)) this.problems.add(`${name} went back to ${value}`);
      this.last.set(name, value);
    }
    for (const { playback } of await this.gateway.streams()) {
      if (playback === undefined) continue;
      const { written, sent, cleared, discarded, queued } = playback;
      if (written !== sent + cleared + discarded + queued) this.problems.add(`of a call: ${JSON.stringify(playback)}`);
    }
    this.looks++;
  }
}
