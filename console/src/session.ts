/** Whether this browser may see the console: what the gateway says of its cookie, and logging in and out. */
import type { Session } from '../../src/console/wire.ts';

/**
 * `login`: the cookie is missing or not valid any more. `refused`: not under this address. `unreachable`: nobody answers, or not as the
 * gateway would.
 */
export type SessionAnswer =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'login' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable' };

export const refusedText =
  'The gateway does not answer under this address: open the page as it is meant to be reached.';
const answerMsMax = 10_000;

async function ask(path: string, init: RequestInit = {}): Promise<Response | null> {
  try {
    return await fetch(`/console/${path}`, {
      ...init,
      cache: 'no-store',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(answerMsMax),
    });
  } catch {
    return null;
  }
}

export async function readSession(): Promise<SessionAnswer> {
  const response = await ask('session');
  if (response?.status === 401) return { kind: 'login' };
  if (response?.status === 403) return { kind: 'refused' };
  if (response?.ok !== true) return { kind: 'unreachable' };
  try {
    return { kind: 'session', session: (await response.json()) as Session };
  } catch {
    return { kind: 'unreachable' };
  }
}

/** null: logged in; else why not. */
export async function logIn(token: string): Promise<string | null> {
  const response = await ask('login', { method: 'POST', body: token, headers: { 'content-type': 'text/plain' } });
  if (response === null) return 'The gateway does not answer. Is it running?';
  if (response.ok) return null;
  if (response.status === 401) return 'Wrong token. It is the value of --admin-token.';
  if (response.status === 403) return refusedText;
  if (response.status === 429) return 'Too many attempts. Wait a moment, then try again.';
  return `The gateway answered ${response.status}.`;
}

export async function logOut(): Promise<void> {
  await ask('logout', { method: 'POST' });
}
