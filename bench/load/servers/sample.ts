/**
 * What Microsoft's JavaScript sample does: an HTTP server with `ws` on it, an async handler per message, the parser of the
 * SDK. The sample hands the base64 on; here it is decoded, because PCM is what the others have in the end. With the argument
 * `echo` it says everything back as the sample says what a model answers: the SDK's message, sent at once.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type AudioData, createOutboundAudioData, StreamingData } from '@azure/communication-call-automation';
import { WebSocket, WebSocketServer } from 'ws';
import { Accounting } from './accounting.ts';
import { tlsFiles } from './tls-files.ts';

const accounting = new Accounting();
const isEchoing = process.argv[2] === 'echo';

async function processMessage(received: ArrayBuffer, beginMs: number, socket: WebSocket): Promise<void> {
  const result = StreamingData.parse(received);
  if (StreamingData.getStreamingKind() === 'AudioData') {
    const { data } = result as AudioData;
    accounting.decoded(Buffer.from(data, 'base64'), beginMs);
    if (isEchoing) socket.send(createOutboundAudioData(data));
  }
}

function listen(): Promise<number> {
  const tls = tlsFiles();
  const server =
    tls === null ? createServer() : createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) });
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket) => {
    socket.on('message', async (packet: ArrayBuffer) => {
      const beginMs = accounting.begin();
      try {
        if (socket.readyState === WebSocket.OPEN) await processMessage(packet, beginMs, socket);
      } catch (error) {
        console.error('cannot process a message:', error);
      }
    });
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

accounting.serve(listen);
