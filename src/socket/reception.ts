/**
 * The HTTP side of the ingest port: whether a connection may be made at all, what a plain request is answered, and the
 * decision about each upgrade. Every answer but 101 closes its connection. Main thread.
 */

import { pendingHandshakesMax } from '../base/limits.ts';
import type { CaptureRecorder, Upgrade } from '../capture/recorder.ts';
import { type Networks, normalized, peerOf } from '../config/networks.ts';
import type { Labels } from '../ring/track.ts';
import type { StreamFacts } from '../stream/stream.ts';
import type { OverloadCause, Totals } from '../stream/totals.ts';
import { neverFailing } from './auth/never-failing.ts';
import { clientAddress } from './client-address.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { Debts } from './debts.ts';
import type { HandshakeLimit } from './handshake-limit.ts';
import { answer, headerLines, textOf } from './http.ts';
import { sharingHeader } from './port.ts';
import {
  type AdmissionPolicy,
  type Authenticate,
  factsOf,
  type Identity,
  type Refusal,
  type RequestSnapshot,
  refusals,
  refuseDuplicate,
  refuseNewcomer,
  refuseStranger,
} from './upgrade.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export interface ReceptionOptions {
  readonly admission: AdmissionPolicy;
  readonly handshakes: HandshakeLimit;
  readonly connections: ConnectionLimit;
  readonly debts: Debts;
  /** Proxies whose word about the client's address is taken; null for none. */
  readonly proxies: Networks | null;
  readonly authenticate: Authenticate;
  /** Credentials could not be checked, or the answer could not be given: a fault of ours. */
  readonly onHandshakeError: (error: unknown) => void;
  /** Other gateways may listen on the port. */
  readonly sharesPort?: boolean;
  /** Null: no labels are wanted. */
  readonly labelsOf: ((request: RequestSnapshot) => Labels) | null;
  readonly totals: Totals;
  readonly capture: CaptureRecorder | null;
  readonly clock: () => number;
}

/** Takes the upgrade. */
type Accept = (facts: StreamFacts, captured: Upgrade | null, key: string) => void;

/** Why an upgrade is refused. */
interface Denial {
  readonly refusal: Refusal;
  readonly cause: OverloadCause | null;
}

export class Reception {
  private readonly options: ReceptionOptions;
  private readonly authenticate: Authenticate;
  /** Handshakes whose credentials are being checked. */
  private pendingHandshakes = 0;

  constructor(options: ReceptionOptions) {
    this.options = options;
    this.authenticate = neverFailing(options.authenticate, options.onHandshakeError);
  }

  /** A connection was made; false: cut it off. The address of a client behind a proxy is not known yet. */
  connected(response: HttpResponse): boolean {
    const { connections, proxies, clock } = this.options;
    const address = normalized(textOf(response.getRemoteAddressAsText()));
    return connections.opened(proxies?.include(address) === true ? null : peerOf(address), clock());
  }

  upgrade(response: HttpResponse, request: HttpRequest, accept: Accept): void {
    const snapshot = this.read(response, request);
    const verdict = this.judge(snapshot);
    if (typeof verdict === 'object') {
      this.refuse(response, verdict.refusal, verdict.cause);
      return;
    }
    const { admission, capture } = this.options;
    const captured = capture?.upgrade(request, snapshot.path, snapshot.remoteAddress) ?? null;
    const conclude = (identity: Identity) => {
      const facts = factsOf(snapshot, identity ?? '', this.options.labelsOf?.(snapshot) ?? null);
      let refusal: Refusal | null = identity === null ? refusals.unauthorized : refuseDuplicate(facts, admission);
      // Things may have changed while we waited.
      refusal ??= refuseNewcomer(admission);
      if (refusal === null) accept(facts, captured, snapshot.webSocketKey);
      else this.refuse(response, refusal);
    };
    const outcome = typeof verdict === 'string' ? verdict : verdict();
    if (!(outcome instanceof Promise)) {
      conclude(outcome);
      return;
    }
    this.pendingHandshakes++;
    // Answered, or the peer is gone.
    let isOver = false;
    response.onAborted(() => {
      isOver = true;
    });
    outcome
      .then((identity) => {
        this.pendingHandshakes--;
        if (isOver) return;
        // Not corked, although uWebSockets.js warns of it: behind the cork it may take what is a WebSocket by now for a response
        // that is done, and cut it off (uWebSockets, pull request 1929).
        conclude(identity);
        isOver = true;
      })
      .catch((error: unknown) => {
        this.options.onHandshakeError(error);
        // Without an answer it would hang until its time is up.
        if (!isOver) response.close();
      });
  }

  /** What takes no time is decided before anything is used that honest peers need too. */
  private judge(snapshot: RequestSnapshot): Denial | string | (() => Identity | Promise<Identity>) {
    const { admission, handshakes, debts, clock } = this.options;
    const nowMs = clock();
    const stranger = refuseStranger(snapshot, admission);
    if (stranger !== null) return { refusal: stranger, cause: null };
    const tooMany = { refusal: refusals.overloaded, cause: 'handshakes' } as const;
    const peer = peerOf(snapshot.remoteAddress);
    if (!handshakes.admitAddress(peer, nowMs, debts.isDeep(peer, nowMs))) return tooMany;
    const verdict = this.authenticate(snapshot);
    if (verdict === null) return { refusal: refusals.unauthorized, cause: null };
    if (this.pendingHandshakes >= pendingHandshakesMax || !handshakes.admitOne(nowMs)) return tooMany;
    const full = refuseNewcomer(admission);
    return full === null ? verdict : { refusal: full, cause: null };
  }

  plainRequest(response: HttpResponse, request: HttpRequest): void {
    const refusal = refuseStranger(this.read(response, request), this.options.admission);
    this.refuse(response, refusal?.result === 'not_found' ? refusal : refusals.bad_request);
  }

  health(response: HttpResponse, withBody: boolean): void {
    this.used(response);
    answer(
      response,
      '200 OK',
      this.options.sharesPort ? { ...json, ...sharingHeader } : json,
      withBody ? '{"status":"ok"}' : '',
    );
  }

  ready(response: HttpResponse, withBody: boolean): void {
    this.used(response);
    const status = this.options.admission.readiness();
    const line = status === 'ready' ? '200 OK' : '503 Service Unavailable';
    answer(response, line, json, withBody ? JSON.stringify({ status }) : '');
  }

  /** The connection has asked for something. Returns the address at its other end. */
  private used(response: HttpResponse): string {
    const peer = textOf(response.getRemoteAddressAsText());
    this.options.connections.used(peerOf(normalized(peer)));
    return peer;
  }

  /** Everything that will be needed of a request, whose memory dies with this turn of the loop. */
  private read(response: HttpResponse, request: HttpRequest): RequestSnapshot {
    const peer = this.used(response);
    const origin = {
      peer,
      proxied: textOf(response.getProxiedRemoteAddressAsText()),
      forwardedFor: this.options.proxies === null ? '' : headerLines(request, 'x-forwarded-for'),
    };
    return {
      path: request.getUrl(),
      query: request.getQuery() ?? '',
      remoteAddress: clientAddress(origin, this.options.proxies),
      upgrade: request.getHeader('upgrade'),
      webSocketKey: request.getHeader('sec-websocket-key'),
      webSocketVersion: request.getHeader('sec-websocket-version'),
      authorization: request.getHeader('authorization'),
      callConnectionId: request.getHeader('x-ms-call-connection-id'),
      correlationId: request.getHeader('x-ms-call-correlation-id'),
    };
  }

  private refuse(response: HttpResponse, refusal: Refusal, cause: OverloadCause | null = null): void {
    const { totals, admission } = this.options;
    totals.upgrades[refusal.result]++;
    if (refusal.result === 'overloaded') totals.overloads[cause ?? admission.pressure() ?? 'streams']++;
    const headers: Record<string, string> = {};
    if (refusal.retryAfterSeconds !== null) headers['Retry-After'] = String(refusal.retryAfterSeconds);
    if (refusal.result === 'unauthorized') headers['WWW-Authenticate'] = 'Bearer';
    answer(response, refusal.status, headers, refusal.body);
  }
}

const json = { 'Content-Type': 'application/json' };
