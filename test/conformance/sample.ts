/**
 * What Microsoft's JavaScript sample does with audio, as a process of its own: `node sample.ts [uncaught] [jwt]`. An HTTP server with
 * `ws` on it, the parser of the SDK in an async handler, one module-global socket, no path and no limit. Express adds nothing to
 * that but its 404 for plain requests. By default what the parser throws is caught and logged; `uncaught` leaves that out. `jwt`
 * checks the token as the documentation shows it: after the connection was accepted.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamingData } from '@azure/communication-call-automation';
import { WebSocket, WebSocketServer } from 'ws';

const isUncaught = process.argv.includes('uncaught');
const isGuarded = process.argv.includes('jwt');

let ws: WebSocket | null = null;
let base64Chars = 0;

async function processMessage(packet: ArrayBuffer): Promise<void> {
  const result = StreamingData.parse(packet);
  if (StreamingData.getStreamingKind() === 'AudioData') base64Chars += (result as { data?: string }).data?.length ?? 0;
}

/** Stands for the verification of a JWT, which has to fetch keys. */
async function isRight(authorization: string | undefined): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return authorization === 'Bearer right-token-0123456789';
}

const server = createServer((request, response) => {
  response.writeHead(404, { 'Content-Type': 'text/html' }).end(`Cannot GET ${request.url}`);
});
const webSockets = new WebSocketServer({ server });

webSockets.on('connection', async (socket, request) => {
  ws = socket;
  if (isGuarded && !(await isRight(request.headers.authorization))) {
    socket.close(1008, 'Unauthorized');
    return;
  }
  socket.on('message', async (packet: ArrayBuffer) => {
    if (isUncaught) {
      await processMessage(packet);
      return;
    }
    try {
      if (ws?.readyState === WebSocket.OPEN) await processMessage(packet);
    } catch (error) {
      console.error('Error processing WebSocket message:', error);
    }
  });
  socket.on('close', () => console.error('Client disconnected', base64Chars));
});

server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
