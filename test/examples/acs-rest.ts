/**
 * ACS's REST side as far as a call application needs it, over TLS: every request must be signed with the resource's key. Answers what
 * the service answers, and remembers what it was asked.
 */
import { createHash, createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';

export interface AcsRequest {
  readonly method: string;
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the SDK sends.
  readonly body: any;
}

const clockMsMax = 300_000;

export class AcsRest {
  readonly requests: AcsRequest[] = [];
  /** What was not signed as it must be. */
  readonly unsigned: string[] = [];
  /** Statuses of the next requests, in place of those that succeed. */
  readonly failures: number[] = [];
  readonly key = Buffer.from('a key that was made up for this test').toString('base64');
  private readonly server: Server;
  private readonly certificate = selfSignedCertificate();

  private constructor() {
    this.server = createServer(this.certificate, (request, response) => void this.take(request, response));
  }

  static async listen(): Promise<AcsRest> {
    const acs = new AcsRest();
    await new Promise<void>((resolve) => acs.server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      acs.server.closeAllConnections();
      acs.server.close();
    });
    return acs;
  }

  get connectionString(): string {
    return `endpoint=https://127.0.0.1:${(this.server.address() as AddressInfo).port}/;accesskey=${this.key}`;
  }

  /** A file for NODE_EXTRA_CA_CERTS. */
  writeCertificate(folder: string): string {
    const file = join(folder, 'acs.pem');
    writeFileSync(file, this.certificate.cert);
    return file;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = '', url = '/' } = request;
    if (!this.isSigned(request, body)) {
      this.unsigned.push(`${method} ${url}`);
      response.writeHead(401).end();
      return;
    }
    const { pathname } = new URL(url, 'https://acs');
    this.requests.push({ method, path: pathname, body: body.length === 0 ? null : JSON.parse(body.toString()) });
    const failure = this.failures.shift();
    if (failure !== undefined) {
      response.writeHead(failure, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: String(failure), message: 'as the test says' } }));
      return;
    }
    const isCall = pathname === '/calling/callConnections:answer' || pathname === '/calling/callConnections';
    const status = isCall ? 200 : pathname.endsWith(':terminate') ? 204 : 202;
    response.writeHead(pathname === '/calling/callConnections' ? 201 : status, { 'content-type': 'application/json' });
    response.end(isCall ? JSON.stringify({ callConnectionId: 'call-1', serverCallId: 'server-1', targets: [] }) : '');
  }

  /** As Microsoft's page on HMAC says: method, path with query, date, host, hash of the body. */
  private isSigned({ method, url, headers }: IncomingMessage, body: Buffer): boolean {
    const hash = createHash('sha256').update(body).digest('base64');
    const date = String(headers['x-ms-date']);
    if (headers['x-ms-content-sha256'] !== hash) return false;
    if (!(Math.abs(Date.parse(date) - Date.now()) < clockMsMax)) return false;
    const text = `${method}\n${url}\n${date};${headers.host};${hash}`;
    const signature = createHmac('sha256', Buffer.from(this.key, 'base64')).update(text).digest('base64');
    const expected = `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`;
    return headers.authorization === expected;
  }
}
