/**
 * All attacks at once beside many calls that are recorded: every recording must be what was sent, bit for bit.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordingName } from '../../src/base/recording-name.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { expectedTimeline } from '../../src/simulator/timeline.ts';
import type { EndedStream } from '../../src/stream/ended-stream.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { attacks } from './attacks.ts';
import { attacker, type Size } from './field.ts';
import type { Fate } from './peer.ts';

export interface Siege {
  readonly recordings: number;
  readonly wrong: number;
  readonly framesDropped: Readonly<Record<string, number>>;
  /** Where frames of the recorded calls are missing. */
  readonly ofCalls: Readonly<Record<string, number>>;
  /** How often the gateway said what in its log. */
  readonly log: Readonly<Record<string, number>>;
  readonly fates: readonly (readonly [name: string, Fate])[];
}

const rampMs = 5_000;

/** Attacks whose name has this text in it; those that need a gateway of their own kind are left out. */
export async function besiege({ calls, durationMs }: Size, only: string): Promise<Siege> {
  const together = attacks
    .map((attack, index) => ({ attack, index }))
    .filter(({ attack }) => attack.isAlone !== true && attack.name.includes(only));
  const folder = mkdtempSync(join(tmpdir(), 'acs-siege-'));
  const gateway = await GatewayProcess.start('--workers', '1', '--ring-seconds', '10', '--sink', `pcm:${folder}`);
  try {
    // Everybody talks before the first attack: what is refused then is not what this is about.
    const options = { calls, participants: 1, durationMs: durationMs + rampMs, seed: 3, rampMs };
    const running = simulateCalls({ ...options, url: gateway.url });
    await sleep(rampMs + 1000);
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
    const log: Record<string, number> = {};
    for (const { msg } of gateway.log) log[String(msg)] = (log[String(msg)] ?? 0) + 1;
    const ended = gateway.log.filter(({ msg }) => msg === 'stream ended') as unknown as EndedStream[];
    const own = ended.filter(({ callConnectionId }) =>
      report.perCall.some((call) => call.callConnectionId === callConnectionId),
    );
    const sum = (count: (stream: EndedStream) => number) => own.reduce((total, stream) => total + count(stream), 0);
    const ofCalls = {
      framesSent: report.expected.frames,
      committed: sum(({ committed }) => committed),
      missing: sum(({ audio }) => audio.missingFrames),
      lapped: sum(({ sinks }) => sinks[0]!.framesLapped),
      notCompleted: report.calls.dialled - report.calls.completed,
    };
    return { recordings: calls, wrong, ofCalls, log, framesDropped: last.droppedByReason ?? {}, fates };
  } finally {
    await gateway.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
