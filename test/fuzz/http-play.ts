/** Plays one hostile HTTP connection, and says whether it got an answer that is documented, or none, in time. */
import { happens } from './case.ts';
import type { HttpCase } from './http-cases.ts';
import { RawPeer } from './raw-peer.ts';

export interface PlayedHttp {
  readonly case: HttpCase;
  /** Of the first answer; null for none. */
  readonly status: number | null;
  /** Upgrades that were answered with 101. */
  readonly upgrades: number;
  readonly complaint: string | null;
}

/** Everything that either port may answer: docs/http.md and docs/errors.md, and what their HTTP layers say of bad requests. */
const documented = {
  ingest: [101, 200, 400, 401, 403, 404, 409, 431, 503, 505],
  admin: [100, 200, 400, 401, 404, 405, 413, 417, 431, 503],
} as const;

/** An answer to a request that is whole comes at once; this long we wait to see that there is none. */
const answerMs = 400;
/** After a FIN. */
const endMs = 5_000;
/** The HTTP layer gives a request 10 s, by a timer that looks every 4 s. */
const heldMs = 16_000;

export async function playHttp(port: number, one: HttpCase): Promise<PlayedHttp> {
  const peer = await RawPeer.connect(port);
  for (const bytes of one.writes) {
    peer.write(bytes);
    if (one.gapMs !== undefined) await new Promise((resolve) => setTimeout(resolve, one.gapMs));
  }
  let complaint: string | null = null;
  if (one.isHeld) {
    if (!(await happens(peer.closed, heldMs))) complaint = `it is still connected after ${heldMs} ms`;
  } else await happens(peer.something(), answerMs);
  peer.finish();
  if (!(await happens(peer.closed, endMs))) complaint ??= 'the connection did not end after a FIN';
  const answer = peer.bytes.toString('latin1');
  peer.socket.destroy();
  const status = answer === '' ? null : Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  const allowed: readonly (number | null)[] = one.statuses ?? [null, ...documented[one.port]];
  if (!allowed.includes(status) || (status !== null && !(documented[one.port] as readonly number[]).includes(status))) {
    complaint ??= `answered with ${status}: ${JSON.stringify(answer.slice(0, 200))}`;
  }
  return { case: one, status, upgrades: answer.match(/HTTP\/1\.1 101 /g)?.length ?? 0, complaint };
}
