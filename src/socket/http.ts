/** What is read of a request, and how it is answered. Main thread. */
import type { HttpRequest, HttpResponse } from './uws.ts';

/** A text that uWebSockets.js gives as bytes. */
export function textOf(buffer: ArrayBuffer): string {
  return Buffer.from(buffer).toString('latin1');
}

/** All lines of a header: a proxy may add its own behind one that the client has forged, and getHeader knows the first only. */
export function headerLines(request: HttpRequest, wanted: string): string {
  const lines: string[] = [];
  request.forEach((name, value) => {
    if (name === wanted) lines.push(value);
  });
  return lines.join(',');
}

/**
 * Answers in the next turn of the loop, and closes the connection. A request that comes behind this one on the same
 * connection finds it unanswered, and uWebSockets.js cuts it off: one connection, one request. So nothing can be asked for by
 * the thousand, and no second PROXY header be sent.
 */
export function answer(
  response: HttpResponse,
  status: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  let isGone = false;
  response.onAborted(() => {
    isGone = true;
  });
  setImmediate(() => {
    if (isGone) return;
    response.cork(() => {
      response.writeStatus(status);
      for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
      response.end(body, true);
    });
  });
}
