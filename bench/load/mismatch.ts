/** Whether what came out is what went in. Pure. */
import { frameBytes } from '../../src/base/limits.ts';
import type { GeneratorReport } from './plan.ts';
import type { GatewayAccount, ServerCounts } from './server.ts';

type Sent = Pick<GeneratorReport, 'framesSent' | 'framesUnsent' | 'socketsLost'>;

function accountMismatches(account: GatewayAccount, sent: Sent, dropped: number, streams: number): string[] {
  const found: string[] = [];
  const { messagesReceived, messagesAccounted, framesMissing, framesDuplicate, framesOutOfOrder } = account;
  if (messagesReceived !== messagesAccounted) {
    found.push(`${messagesReceived} messages received, ${messagesAccounted} accounted for`);
  }
  // One message of metadata each.
  if (messagesReceived !== sent.framesSent + streams) {
    found.push(`${sent.framesSent + streams} messages sent, ${messagesReceived} received`);
  }
  // What was not sent, or dropped, leaves a gap; not at the end of a stream, where none can be seen.
  const missingMax = sent.framesUnsent + dropped;
  if (framesMissing > missingMax) found.push(`${framesMissing} frames missing, ${missingMax} not sent or dropped`);
  if (framesDuplicate > 0) found.push(`${framesDuplicate} duplicate frames`);
  if (framesOutOfOrder > 0) found.push(`${framesOutOfOrder} frames out of order`);
  return found;
}

/** After the end of a run, when the server has settled. */
export function mismatches(
  sent: Sent,
  counts: ServerCounts,
  load: { readonly streams: number; readonly sampleRate: number },
): string[] {
  const found: string[] = [];
  const { frames, dropped, pcmBytes, account } = counts;
  if (sent.socketsLost > 0) found.push(`${sent.socketsLost} streams were lost`);
  if (frames + dropped !== sent.framesSent) {
    found.push(`${sent.framesSent} frames sent, ${frames} decoded and ${dropped} dropped`);
  }
  const pcmBytesDue = frames * frameBytes(load.sampleRate);
  if (pcmBytes !== null && pcmBytes !== pcmBytesDue) {
    found.push(`${pcmBytes} bytes of PCM instead of ${pcmBytesDue}`);
  }
  if (account !== null) found.push(...accountMismatches(account, sent, dropped, load.streams));
  return found;
}
