/**
 * Decides about an upgrade before anything is allocated for it. Pure: a snapshot of the request in, a verdict out; the
 * request itself is dead once its callback returned. Order: is the path ours, is it an upgrade, may the address, what its
 * credentials say at a glance, is there room, who is it, is the call here already. Strangers learn nothing of calls.
 */
import { createHash } from 'node:crypto';
import { callIdCharsMax } from '../base/limits.ts';
import type { Labels } from '../ring/track.ts';
import type { StreamFacts } from '../stream/stream.ts';
import type { OverloadCause, UpgradeResult } from '../stream/totals.ts';

/** Everything that is read from a request, synchronously. */
export interface RequestSnapshot {
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  readonly upgrade: string;
  readonly webSocketKey: string;
  readonly webSocketVersion: string;
  readonly authorization: string;
  readonly callConnectionId: string;
  readonly correlationId: string;
}

export interface Refusal {
  readonly result: Exclude<UpgradeResult, 'accepted'>;
  readonly status: string;
  /** One line for the peer; says nothing about us that it need not know. */
  readonly body: string;
  readonly retryAfterSeconds: number | null;
}

/** Whether new streams can be taken, as of now. */
export type Readiness = 'ready' | 'starting' | 'draining' | 'full' | 'degraded';

/** Whom a request comes from: the same text for the same credential. Null: no valid credential. */
export type Identity = string | null;

/**
 * Where authentication plugs in. What takes time, such as a signature, is left to a function that is called when there is
 * room, and answers at once if it can. The snapshot is all that it can see of the request.
 */
export type Authenticate = (request: RequestSnapshot) => Identity | (() => Identity | Promise<Identity>);

export interface AdmissionPolicy {
  /** The path, or any path below it. */
  readonly path: string;
  /** Whether a client's address may connect. */
  readonly isAllowed: (remoteAddress: string) => boolean;
  readonly readiness: () => Readiness;
  /** Why there is no room for a stream, if that is so. */
  readonly pressure: () => OverloadCause | null;
  /** Whether a call of this owner has a stream already, and may not have another one. */
  readonly isDuplicate: (owner: string) => boolean;
}

/** How long a refused peer should wait: a drain or a peak lasts seconds. */
const retryAfterSeconds = 5;

export const refusals = {
  bad_request: {
    result: 'bad_request',
    status: '400 Bad Request',
    body: 'not a WebSocket upgrade',
    retryAfterSeconds: null,
  },
  unauthorized: { result: 'unauthorized', status: '401 Unauthorized', body: 'unauthorized', retryAfterSeconds: null },
  forbidden: { result: 'forbidden', status: '403 Forbidden', body: 'forbidden', retryAfterSeconds: null },
  not_found: { result: 'not_found', status: '404 Not Found', body: 'not found', retryAfterSeconds: null },
  duplicate: { result: 'duplicate', status: '409 Conflict', body: 'duplicate', retryAfterSeconds: null },
  draining: { result: 'draining', status: '503 Service Unavailable', body: 'draining', retryAfterSeconds },
  overloaded: { result: 'overloaded', status: '503 Service Unavailable', body: 'full', retryAfterSeconds },
  degraded: { result: 'overloaded', status: '503 Service Unavailable', body: 'degraded', retryAfterSeconds },
} as const satisfies Record<string, Refusal>;

export function isBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`);
}

function bounded(id: string): string | null {
  return id === '' ? null : id.slice(0, callIdCharsMax);
}

/** What needs neither a secret nor anything that is shared. Null: continue. */
export function refuseStranger(request: RequestSnapshot, policy: AdmissionPolicy): Refusal | null {
  if (!isBelow(request.path, policy.path)) return refusals.not_found;
  // RFC 6455 section 4.2.1: an upgrade to websocket, version 13 and a key of 16 bytes in base64.
  if (request.upgrade.toLowerCase() !== 'websocket') return refusals.bad_request;
  if (request.webSocketVersion !== '13' || request.webSocketKey.length !== 24) return refusals.bad_request;
  return policy.isAllowed(request.remoteAddress) ? null : refusals.forbidden;
}

/** Whether there is room for one more, as of now. */
export function refuseNewcomer(policy: AdmissionPolicy): Refusal | null {
  switch (policy.readiness()) {
    case 'ready':
      return null;
    case 'full':
      return refusals.overloaded;
    case 'degraded':
      return refusals.degraded;
    default:
      return refusals.draining;
  }
}

/** For those who have proved who they are. */
export function refuseDuplicate({ callConnectionId, owner }: StreamFacts, policy: AdmissionPolicy): Refusal | null {
  return callConnectionId !== null && policy.isDuplicate(owner ?? '') ? refusals.duplicate : null;
}

export function factsOf(request: RequestSnapshot, identity: string, labels: Labels | null = null): StreamFacts {
  return {
    ...(labels !== null && { labels }),
    remoteAddress: request.remoteAddress,
    callConnectionId: bounded(request.callConnectionId),
    correlationId: bounded(request.correlationId),
    // The whole id: two that begin alike are two calls.
    owner: createHash('sha256').update(`${identity}\0${request.callConnectionId}`).digest('base64'),
  };
}
