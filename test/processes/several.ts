/** A gateway of several processes: its processes by their numbers, and calls that come to the one that is wanted. */
import { onTestFinished } from 'vitest';
import type { StreamReport } from '../../src/stream/stream-report.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';
import { eventually, GatewayProcess } from '../support/gateway-process.ts';

export type PlacedStream = StreamReport & { readonly process: number };

/** The kernel spreads connections by chance. */
const attemptsMax = 60;

export async function startSeveral(...flags: readonly string[]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start('--processes', '2', '--ring-memory-mb', '64', ...flags);
  onTestFinished(() => gateway.kill());
  await eventually(() => started(gateway).length >= 2);
  return gateway;
}

function started(gateway: GatewayProcess) {
  return gateway.log.filter(({ msg }) => msg === 'process started');
}

/** Of the process with this number that started last. */
export function pidOf(gateway: GatewayProcess, process: number): number {
  return started(gateway).findLast((record) => record['process'] === process)!['pid'] as number;
}

export function pidsOf(gateway: GatewayProcess): number[] {
  return started(gateway).map(({ pid }) => pid as number);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function streamsOf(gateway: GatewayProcess): Promise<readonly PlacedStream[]> {
  return (await gateway.streams()) as readonly PlacedStream[];
}

/** A call of this id that has come to this process and sent a frame. */
export async function callIn(
  gateway: GatewayProcess,
  process: number,
  callId: string,
  { url = gateway.url, subscription = callId, avoid = 'other calls' } = {},
): Promise<AcsClient> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const client = await AcsClient.connect(url, { 'x-ms-call-connection-id': callId }).catch((error: Error) => {
      // The process that has the call already, with --duplicate reject.
      if (error.message.endsWith('409')) return null;
      throw error;
    });
    if (client === null) continue;
    const place = await placeOf(gateway, callId, avoid);
    if (place === process) {
      client.send(metadata(subscription), audio(0));
      return client;
    }
    await client.hangUp();
  }
  throw new Error(`no call came to process ${process}`);
}

/** Where the newest stream of a call is that has sent nothing yet. */
async function placeOf(gateway: GatewayProcess, callId: string, avoid: string): Promise<number> {
  let found: PlacedStream | undefined;
  await eventually(async () => {
    found = (await streamsOf(gateway)).find(
      ({ callConnectionId, id, messages, state }) =>
        callConnectionId === callId && id !== avoid && messages === 0 && state === 'open',
    );
    return found !== undefined;
  });
  return found!.process;
}

export async function exposition(gateway: GatewayProcess): Promise<string> {
  return (await gateway.admin('/metrics')).text();
}
