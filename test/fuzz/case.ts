/** One hostile connection: what is written after the upgrade, in which pieces, and what must come of it. Plays it. */
import { RawPeer, upgradeRequest } from './raw-peer.ts';
import { type Outcome, receive } from './receiver.ts';

export interface Case {
  readonly name: string;
  /** What is written, one after the other. */
  readonly writes: readonly Uint8Array[];
  /** Between two writes; 0 is the next turn of the event loop. */
  readonly gapMs?: number;
  /** Break off with a RST after the last write: what the server has not read by then is lost. */
  readonly isReset?: boolean;
  /** Costs a worker so much that it may be ended in the middle of it. */
  readonly isCostly?: boolean;
  /** What the author says that it comes to; what follows from the protocol otherwise. */
  readonly expected?: Partial<Outcome>;
  /** The code of the server's close frame; null for none. */
  readonly closeCode?: number | null;
}

export interface Played {
  readonly case: Case;
  readonly outcome: Outcome;
  /** What was not as it should be, on the wire. */
  readonly complaint: string | null;
}

/** A server that has not ended a connection by then does not end it. */
const endMs = 5_000;

/** Calls so far: each has an id of its own, and so a folder. */
let calls = 0;

export function outcomeOf({ writes, expected }: Case): Outcome {
  return { ...receive(Buffer.concat(writes)), ...expected };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

/** Whether it happened in time. */
export async function happens(event: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const isThere = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return isThere;
}

export async function play(port: number, one: Case): Promise<Played> {
  const outcome = outcomeOf(one);
  const peer = await RawPeer.open(port, upgradeRequest('/audio', [`x-ms-call-connection-id: hostile-${++calls}`]));
  for (const bytes of one.writes) {
    peer.write(bytes);
    await pause(one.gapMs ?? 0);
  }
  let complaint: string | null = null;
  if (one.isReset) peer.reset();
  // A server that must end the connection does so without being asked.
  else if (outcome.isEnded && outcome.isExact) {
    if (!(await happens(peer.closed, endMs))) complaint = 'the server did not end the connection';
  }
  peer.finish();
  if (!(await happens(peer.closed, endMs))) complaint = 'the connection did not end after a FIN';
  if (one.closeCode !== undefined && one.closeCode !== (peer.closeFrame?.code ?? null))
    complaint ??= `close frame ${JSON.stringify(peer.closeFrame)}, not ${one.closeCode}`;
  peer.socket.destroy();
  return { case: one, outcome, complaint };
}
