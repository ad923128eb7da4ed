/** A name server with one name, whose addresses a test changes: what the DNS of a cluster is for a headless Service. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const typeA = 1;
const headerBytes = 12;
/** How long an answer may be kept. */
const ttlSeconds = 1;

function answerTo(query: Buffer, addresses: readonly string[]): Buffer {
  // One question: labels, each behind its length, a zero; then type and class.
  let end = headerBytes;
  while (query[end] !== 0) end += query[end]! + 1;
  const question = query.subarray(headerBytes, end + 5);
  const records = query.readUInt16BE(end + 1) === typeA ? addresses : [];
  const header = Buffer.from(query.subarray(0, headerBytes));
  // An answer, from whom it may concern, without an error.
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  header.fill(0, 8);
  return Buffer.concat([header, question, ...records.map(record)]);
}

/** The name of the question again, type A, class IN, how long it holds, four bytes of address. */
function record(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(0xc000 + headerBytes, 0);
  bytes.writeUInt16BE(typeA, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt32BE(ttlSeconds, 6);
  bytes.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(bytes, 12);
  return bytes;
}

export class NameServer {
  addresses: readonly string[];
  private readonly socket: Socket;

  private constructor(socket: Socket, addresses: readonly string[]) {
    this.socket = socket;
    this.addresses = addresses;
    socket.on('message', (query, { port, address }) => socket.send(answerTo(query, this.addresses), port, address));
  }

  static async start(...addresses: readonly string[]): Promise<NameServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket, addresses);
  }

  get port(): number {
    return this.socket.address().port;
  }

  stop(): void {
    this.socket.close();
  }
}
