/** Two load generators with half of the streams each, so that one and two gateways cost the same to feed. */
import { framesPerSecond as framesPerStream } from '../../../src/base/limits.ts';
import { GeneratorProcess } from '../generator-process.ts';
import type { GeneratorReport } from '../plan.ts';
import type { Running } from './arrangement.ts';
import { total } from './totals.ts';

export const sampleRate = 16_000;

export class Generators {
  private readonly processes = [new GeneratorProcess(), new GeneratorProcess()];

  /** Each to one of the ports, in turns. */
  async connect({ ports, isTls }: Pick<Running, 'ports' | 'isTls'>, streams: number): Promise<void> {
    const parts = [Math.ceil(streams / 2), Math.floor(streams / 2)];
    for (const [i, generator] of this.processes.entries()) {
      const count = parts[i]!;
      const load = { streams: count, framesPerSecond: count * framesPerStream, participants: 1, sampleRate };
      await generator.connect({ port: ports[i % ports.length]!, path: '/audio', isTls, ...load });
    }
  }

  all<T>(ask: (one: GeneratorProcess) => Promise<T>): Promise<T[]> {
    return Promise.all(this.processes.map(ask));
  }

  kill(): void {
    for (const one of this.processes) one.kill();
  }
}

type Sent = Pick<GeneratorReport, 'framesSent' | 'framesUnsent' | 'socketsLost'>;

export function sentBy(reports: readonly GeneratorReport[]): Sent {
  return {
    framesSent: total(reports.map(({ framesSent }) => framesSent)),
    framesUnsent: total(reports.map(({ framesUnsent }) => framesUnsent)),
    socketsLost: total(reports.map(({ socketsLost }) => socketsLost)),
  };
}
