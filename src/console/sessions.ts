/**
 * Who has shown the token: a random id in a cookie, which says nothing of the token, is worth nothing after some hours or a restart, and is in no
 * log: that has the session's name. Bounded: one more costs the oldest. Main thread.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { consoleLimits } from '../base/console-limits.ts';

export interface SessionEntry {
  /** For logs. */
  readonly name: string;
  readonly endsMs: number;
  /** Logged out, or one too many. */
  isOver: boolean;
}

const cookieName = 'acs-console';
const idForm = new RegExp(`(?:^|;) *${cookieName}=([\\w-]{43})(?:;|$)`);
const idBytes = 32;

export class Sessions {
  private readonly clock: () => number;
  private readonly byId = new Map<string, SessionEntry>();

  constructor(clock: () => number) {
    this.clock = clock;
  }

  /** Returns the cookie with which it can be found again. */
  begin(isSecure: boolean): { readonly session: SessionEntry; readonly cookie: string } {
    const id = randomBytes(idBytes).toString('base64url');
    const session = {
      name: randomBytes(4).toString('hex'),
      endsMs: this.clock() + consoleLimits.sessionMs,
      isOver: false,
    };
    this.byId.set(id, session);
    if (this.byId.size > consoleLimits.sessions) this.forget(this.byId.keys().next().value!);
    return { session, cookie: cookieOf(id, consoleLimits.sessionMs / 1000, isSecure) };
  }

  /** Null when the request has no cookie, or that of a session that is over. */
  find(headers: IncomingHttpHeaders): SessionEntry | null {
    const id = idOf(headers);
    const session = id === null ? undefined : this.byId.get(id);
    return session !== undefined && this.isAlive(session) ? session : null;
  }

  /** Returns the cookie that takes the other one back. */
  end(headers: IncomingHttpHeaders, isSecure: boolean): string {
    const id = idOf(headers);
    if (id !== null) this.forget(id);
    return cookieOf('', 0, isSecure);
  }

  isAlive(session: SessionEntry): boolean {
    return !session.isOver && session.endsMs > this.clock();
  }

  private forget(id: string): void {
    const session = this.byId.get(id);
    if (session !== undefined) session.isOver = true;
    this.byId.delete(id);
  }
}

function idOf({ cookie }: IncomingHttpHeaders): string | null {
  return idForm.exec(cookie ?? '')?.[1] ?? null;
}

function cookieOf(id: string, seconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName}=${id}; Path=/console; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}
