/**
 * All attacks at once beside many calls that are recorded: every recording must be what was sent, bit for bit.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordingName } from '../../src/recording-name.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { attacks } from './attacks.ts';
import { attacker, type Size } from './field.ts';
import type { Fate } from './peer.ts';

export interface Siege {
  readonly recordings: number;
  readonly wrong: number;
  readonly framesDropped: Readonly<Record<string, number>>;
  readonly fates: readonly (readonly [name: string, Fate])[];
}

/** Attacks whose name has this text in it; those that need a gateway of their own kind are left out. */
export async function besiege({ calls, durationMs }: Size, only: string): Promise<Siege> {
  const together = attacks
    .map((attack, index) => ({ attack, index }))
    .filter(({ attack }) => attack.isAlone !== true && attack.name.includes(only));
  const folder = mkdtempSync(join(tmpdir(), 'acs-siege-'));
  const gateway = await GatewayProcess.start('--workers', '1', '--sink', `pcm:${folder}`);
  try {
    const options = { calls, participants: 1, durationMs, seed: 3 };
    const running = simulateCalls({ ...options, url: gateway.url });
    await sleep(1000);
    const fates = await Promise.all(
      together.map(async ({ attack, index }) => {
        const fate = await attacker(index, gateway, durationMs - 2000);
        return [attack.name, fate] as const;
      }),
    );
    const report = await running;
    const { code } = await gateway.drain();
    const wrong = report.perCall.filter(({ call, callConnectionId, participants }) => {
      try {
        const file = join(folder, callConnectionId, `${recordingName(participants[0]!.id)}.pcm`);
        return !readFileSync(file).equals(expectedTimeline(options, call, 0));
      } catch {
        return true;
      }
    }).length;
    const last = gateway.log.at(-1) as unknown as { droppedByReason?: Record<string, number> };
    if (code !== 0) throw new Error(`the drain ended with ${code}`);
    return { recordings: calls, wrong, framesDropped: last.droppedByReason ?? {}, fates };
  } finally {
    await gateway.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
