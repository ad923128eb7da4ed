/**
 * An ACS audio server as a process of its own, good or with one fault: `node server.ts [FAULT]`. Says its port on standard output.
 * Each fault is one that a real server might have; faults.ts says what it breaks.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { block } from '../support/block.ts';

interface Message {
  readonly kind?: unknown;
  readonly audioMetadata?: { readonly subscriptionId?: string; readonly sampleRate?: number };
  readonly audioData?: Readonly<Record<string, unknown>> | null;
}

/** What is known of a call. */
class Stream {
  readonly socket: WebSocket;
  readonly participants = new Set<string>();
  sampleRate: number | null = null;
  messages = 0;
  lastTimestamp: string | null = null;
  isSuperseded = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }
}

interface Fault {
  /** Of the WebSocket library. */
  readonly options?: { readonly maxPayload?: number; readonly autoPong?: boolean };
  /** Before anything is read. True: it has dealt with the request itself. */
  upgrade?(request: IncomingMessage, socket: Socket): boolean;
  /** A token other than the right one is good enough; undefined if there is none. */
  readonly letsIn?: (token: string | undefined) => boolean;
  /** Bytes as they come, before the library sees them; may change them. */
  bytes?(chunk: Buffer, socket: Socket, webSocket: WebSocket): void;
  opened?(stream: Stream, request: IncomingMessage): void;
  /** The raw message; throws what nobody catches. */
  received?(text: string, isBinary: boolean, stream: Stream): void;
  /** One that could be read. */
  message?(message: Message, stream: Stream): void;
  closed?(code: number, stream: Stream): void;
  readonly headers?: readonly string[];
  plain?(socket: Socket): void;
  /** Nobody listens to the errors of a connection: Node.js then ends the process. */
  readonly withoutErrorHandler?: boolean;
}

const token = 'right-token-0123456789';
let connections = 0;
let openNow = 0;

function die(): never {
  process.exit(1);
}

function closeIf(condition: boolean, stream: Stream, code = 1011): void {
  if (condition) stream.socket.close(code);
}

function audioOf(message: Message): Readonly<Record<string, unknown>> | null {
  return message.kind === 'AudioData' ? (message.audioData ?? {}) : null;
}

/** The time of this audio and of the one before it, in ms; null where there is none. */
function times(message: Message, stream: Stream): readonly [number, number] | null {
  const timestamp = audioOf(message)?.['timestamp'];
  if (typeof timestamp !== 'string') return null;
  const before = stream.lastTimestamp;
  stream.lastTimestamp = timestamp;
  return before === null ? null : [Date.parse(timestamp), Date.parse(before)];
}

/** A close frame with this code never reaches the library. */
function deafTo(code: number | null): Fault {
  return {
    bytes(chunk) {
      if (chunk[0] !== 0x88) return;
      const length = chunk[1]! & 0x7f;
      const given = length < 2 ? null : ((chunk[6]! ^ chunk[2]!) << 8) | (chunk[7]! ^ chunk[3]!);
      // A pong that nobody asked for.
      if (given === code) chunk[0] = 0x8a;
    },
  };
}

const known = new Set<unknown>(['AudioData', 'AudioMetadata', 'DtmfData']);
const usualFields = new Set(['timestamp', 'participantRawID', 'data', 'silent']);
const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isStrict(data: string): boolean {
  return Buffer.from(data, 'base64').toString('base64') === data;
}

const faults: Readonly<Record<string, Fault>> = {
  none: {},
  'agrees-to-a-sub-protocol': { headers: ['Sec-WebSocket-Protocol: audio'] },
  'knows-one-spelling-of-headers': {
    upgrade(request, socket) {
      const spelt = request.rawHeaders.filter((name) => /^x-ms-call-/i.test(name));
      if (!spelt.some((name) => name !== name.toLowerCase())) return false;
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
      return true;
    },
  },
  'dies-without-call-headers': {
    upgrade(request) {
      if (request.headers['x-ms-call-connection-id'] === undefined) die();
      return false;
    },
  },
  'never-answers-on-other-paths': { upgrade: (request) => !request.url!.startsWith('/audio') },
  'switches-unasked': { plain: (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n') },
  'asks-no-token': { letsIn: (given) => given === undefined },
  'takes-any-token': { letsIn: (given) => given !== undefined },
  'checks-the-token-later': {
    letsIn: () => true,
    opened(stream, request) {
      if (!request.headers.authorization?.endsWith(token)) setTimeout(() => stream.socket.close(1008), 20);
    },
  },
  'closes-on-audio': { message: (message, stream) => closeIf(audioOf(message) !== null, stream) },
  'knows-16-khz-only': { message: (message, stream) => closeIf(message.audioMetadata?.sampleRate === 24_000, stream) },
  'room-for-three': { message: (_message, stream) => closeIf(stream.participants.size > 3, stream) },
  'room-for-four': { message: (_message, stream) => closeIf(stream.participants.size > 4, stream) },
  'closes-on-dtmf': { message: (message, stream) => closeIf(message.kind === 'DtmfData', stream, 1003) },
  'wants-metadata-first': {
    message: (message, stream) => closeIf(audioOf(message) !== null && stream.sampleRate === null, stream, 1002),
  },
  'takes-metadata-once': {
    message: (message, stream) => closeIf(message.kind === 'AudioMetadata' && stream.messages > 1, stream, 1002),
  },
  'closes-on-unknown-kinds': { message: (message, stream) => closeIf(!known.has(message.kind), stream, 1003) },
  'closed-schema': {
    message: (message, stream) =>
      closeIf(
        Object.keys(audioOf(message) ?? {}).some((name) => !usualFields.has(name)),
        stream,
        1007,
      ),
  },
  'dies-of-null': {
    message(message) {
      if (audioOf(message)?.['participantRawID'] === null) die();
    },
  },
  'small-messages': { options: { maxPayload: 65_536 } },
  'wants-data-in-silence': {
    message: (message, stream) => closeIf(audioOf(message)?.['silent'] === true && !audioOf(message)!['data'], stream),
  },
  'wants-data': {
    message: (message, stream) =>
      closeIf(audioOf(message) !== null && audioOf(message)!['silent'] !== true && !audioOf(message)!['data'], stream),
  },
  'wants-20-ms': {
    message: (message, stream) =>
      closeIf(Buffer.from(String(audioOf(message)?.['data'] ?? ''), 'base64').length % 2 === 1, stream),
  },
  'dies-of-malformed-json': { received: (text, isBinary) => void (isBinary || JSON.parse(text)) },
  'closes-on-bad-base64': {
    message(message, stream) {
      const data = audioOf(message)?.['data'];
      closeIf(typeof data === 'string' && !isStrict(data), stream, 1007);
    },
  },
  'ends-all-calls-on-binary': {
    received(_text, isBinary) {
      if (isBinary) for (const each of webSockets.clients) each.close(1011);
    },
  },
  'breaks-off-on-binary': {
    received(_text, isBinary, stream) {
      if (isBinary) stream.socket.terminate();
    },
  },
  'wants-milliseconds': {
    message(message, stream) {
      const audio = audioOf(message);
      closeIf(audio !== null && !milliseconds.test(String(audio['timestamp'])), stream, 1007);
    },
  },
  'one-frame-a-time': {
    message(message, stream) {
      const found = times(message, stream);
      closeIf(found !== null && found[0] === found[1], stream);
    },
  },
  'wants-order': {
    message(message, stream) {
      const found = times(message, stream);
      closeIf(found !== null && found[0] < found[1] && found[0] > found[1] - 1280, stream);
    },
  },
  'wants-no-gaps': {
    message(message, stream) {
      const found = times(message, stream);
      closeIf(found !== null && found[0] > found[1] + 1000, stream);
    },
  },
  'wants-a-steady-clock': {
    message(message, stream) {
      const found = times(message, stream);
      closeIf(found !== null && found[0] < found[1] - 1280, stream);
    },
  },
  'short-queue': {
    opened(stream) {
      setInterval(() => {
        closeIf(stream.messages > 250, stream, 1013);
        stream.messages = 2;
      }, 100).unref();
    },
  },
  'impatient-at-first': { opened: (stream) => void setTimeout(() => closeIf(stream.messages === 0, stream, 1008), 30) },
  'impatient-later': {
    received(_text, _isBinary, stream) {
      const { messages } = stream;
      setTimeout(() => closeIf(stream.messages <= messages + 1, stream, 1008), 100);
    },
  },
  'ignores-the-end-of-message': {
    bytes(chunk, socket) {
      if (chunk[0] === 0x01) socket.destroy();
    },
  },
  'one-read-one-message': {
    bytes(chunk, socket) {
      if (chunk.length < 2) socket.destroy();
    },
  },
  'one-message-at-first': {
    bytes(chunk, socket) {
      if (chunk.length > 5000 && socket.bytesRead < 20_000) socket.destroy();
    },
  },
  'answers-no-pings': { options: { autoPong: false } },
  'breaks-off-on-ping': { opened: (stream) => void stream.socket.on('ping', () => stream.socket.terminate()) },
  'reserves-what-is-announced': {
    bytes(chunk) {
      if (chunk[0] === 0x81 && chunk[1] === 0xff && chunk.readBigUInt64BE(2) > 2n ** 25n) die();
    },
  },
  'never-answers-1000': deafTo(1000),
  'never-answers-1001': deafTo(1001),
  'never-answers-1005': deafTo(null),
  'keeps-its-side-open': { bytes: (_chunk, socket) => void socket.removeAllListeners('end') },
  'dies-of-a-reset': {
    opened(_stream, request) {
      request.socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') die();
      });
    },
  },
  'lets-wait-from-the-sixth-call': { upgrade: () => openNow >= 6 },
  'deaf-after-reconnection': {
    message(message, stream) {
      const id = message.audioMetadata?.subscriptionId;
      if (id === undefined) return;
      if (subscriptions.has(id)) stream.socket.pause();
      subscriptions.set(id, stream);
    },
  },
  'blocks-for-300-ms': {
    received: () => block(300),
  },
  'blocks-on-a-big-message': {
    received(text) {
      if (text.length > 65_536) block(500);
    },
  },
  'never-reads': { opened: (stream) => stream.socket.pause() },
  'stops-reading': {
    received(_text, _isBinary, stream) {
      if (stream.messages > 2000) stream.socket.pause();
    },
  },
  'forty-at-once': {
    upgrade(_request, socket) {
      if (openNow < 40) return false;
      socket.destroy();
      return true;
    },
  },
  'leaks-calls': {
    upgrade(_request, socket) {
      if (connections < 30) return false;
      socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n');
      return true;
    },
  },
  'dies-of-broken-frames': { withoutErrorHandler: true },
  'sends-broken-audio': {
    message: (_message, stream) =>
      stream.socket.send('{"Kind":"AudioData","AudioData":{"Data":"AAA"},"StopAudio":null}'),
  },
  'sends-texts': { message: (_message, stream) => stream.socket.send('thank you') },
  'sends-audio': {
    message: (_message, stream) =>
      stream.socket.send('{"Kind":"AudioData","AudioData":{"Data":"AAA="},"StopAudio":null}'),
  },
  echoes: { received: (text, _isBinary, stream) => stream.socket.send(text) },
  'tires-out': {
    bytes(chunk, socket, webSocket) {
      if (connections > 12) deafTo(1000).bytes?.(chunk, socket, webSocket);
    },
  },
  'one-call-only': {
    opened(stream) {
      only?.terminate();
      only = stream.socket;
    },
  },
  'refuses-a-second': {
    upgrade(_request, socket) {
      if (openNow < 1) return false;
      socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n');
      return true;
    },
  },
};

const subscriptions = new Map<string, Stream>();
let only: WebSocket | null = null;

const [name = 'none', withToken] = process.argv.slice(2);
const fault = faults[name];
if (fault === undefined) throw new Error(`there is no fault ${name}`);

function accept(socket: WebSocket, request: IncomingMessage): void {
  connections++;
  openNow++;
  const stream = new Stream(socket);
  let subscription: string | null = null;
  request.socket.prependListener('data', (chunk: Buffer) => fault!.bytes?.(chunk, request.socket, socket));
  if (fault!.withoutErrorHandler !== true) socket.on('error', () => {});
  socket.on('close', (code) => {
    openNow--;
    if (subscription !== null && subscriptions.get(subscription) === stream) subscriptions.delete(subscription);
    fault!.closed?.(code, stream);
  });
  socket.on('message', (data, isBinary) => {
    stream.messages++;
    fault!.received?.(String(data), isBinary, stream);
    let message: Message | null = null;
    try {
      message = JSON.parse(String(data)) as Message | null;
    } catch {
      return;
    }
    if (typeof message !== 'object' || message === null || isBinary) return;
    const id = audioOf(message)?.['participantRawID'];
    if (typeof id === 'string') stream.participants.add(id);
    fault!.message?.(message, stream);
    if (message.kind !== 'AudioMetadata') return;
    stream.sampleRate = message.audioMetadata?.sampleRate ?? null;
    subscription = message.audioMetadata?.subscriptionId ?? null;
    if (subscription === null || name === 'deaf-after-reconnection') return;
    const before = subscriptions.get(subscription);
    if (before !== undefined && before !== stream) before.socket.terminate();
    subscriptions.set(subscription, stream);
  });
  fault!.opened?.(stream, request);
}

const webSockets = new WebSocketServer({ noServer: true, maxPayload: 131_072, ...fault.options });
webSockets.on('headers', (headers) => headers.push(...(fault.headers ?? [])));

const server = createServer((request, response) => {
  if (fault.plain !== undefined) fault.plain(request.socket);
  else response.writeHead(426).end();
});
server.on('upgrade', (request, socket: Socket, head) => {
  socket.on('error', () => {});
  const refuse = (status: string) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
  if (fault.upgrade?.(request, socket) === true) return;
  if (!request.url!.startsWith('/audio')) {
    refuse('404 Not Found');
    return;
  }
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (withToken !== undefined && given !== token && fault.letsIn?.(given) !== true) {
    refuse('401 Unauthorized');
    return;
  }
  webSockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, request));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
