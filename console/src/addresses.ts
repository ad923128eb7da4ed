/** Addresses of the page's own parts, and of the gateway's sockets. */

export const allCallsAddress = '#/';

export function callAddress(stream: string): string {
  return `#/call/${encodeURIComponent(stream)}`;
}

/** The call that the browser's address names; null: all of them. */
export function streamOfAddress(): string | null {
  const match = /^#\/call\/(.+)$/.exec(location.hash);
  try {
    return match === null ? null : decodeURIComponent(match[1]!);
  } catch {
    return null;
  }
}

/** Of a WebSocket below `/console/`. */
export function socketAddress(path: string): string {
  return `${location.origin.replace(/^http/, 'ws')}/console/${path}`;
}
