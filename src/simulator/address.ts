/**
 * The address under test and the headers for it: whether they can be used, and how they are shown. Pure; any thread.
 * Invariant: no value that may be a credential is in any text made here.
 */

// As in admin/server.ts: an import would load undici.
const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');

/** What is wrong with the address, as the end of a sentence; null if nothing is. */
export function urlProblem(url: string): string | null {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return 'expected an address such as ws://127.0.0.1:8080/audio';
  }
  if (parsed.protocol === 'http:' || parsed.protocol === 'https:') {
    return `write ${parsed.protocol === 'http:' ? 'ws' : 'wss'}:// in place of ${parsed.protocol}//`;
  }
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') return 'expected an address with ws:// or wss://';
  if (parsed.hash !== '') return 'an address for WebSockets cannot have a # part';
  return null;
}

/** Headers that the simulator or the WebSocket handshake sets itself. */
const ownHeaders = /^(x-ms-call-(connection|correlation)-id|connection|upgrade|content-length|sec-websocket-.*)$/i;

/** What is wrong with the headers, one line each; never their values, which may be credentials. */
export function headerProblems(headers: Readonly<Record<string, string>>, token: string | null): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (ownHeaders.test(name)) problems.push(`header ${name}: the simulator sets it itself; leave it out`);
    else if (!isHeader(name, value)) problems.push(`header ${name}: not a valid HTTP header`);
    else if (token !== null && name.toLowerCase() === 'authorization') {
      problems.push('header Authorization: the token is sent there already; give one of the two');
    }
  }
  if (token !== null && !isHeader('Authorization', token))
    problems.push('token: it has characters that no header can hold');
  return problems;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** The address without what may be a secret: user information, values of the query, all but the first part of the path. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname, searchParams } = new URL(url);
  const [first = '', ...deeper] = pathname.slice(1).split('/');
  const query = [...searchParams.keys()].map((name) => `${name}=***`).join('&');
  return `${protocol}//${host}/${first}${deeper.length > 0 ? '/***' : ''}${query === '' ? '' : `?${query}`}`;
}
