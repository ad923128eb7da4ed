/** A server that hands out public keys as ACS's does, over HTTPS or HTTP on loopback, and the tokens signed with them. */
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export const issuer = 'https://issuer.example.com';
export const audience = '11111111-2222-3333-4444-555555555555';

export class SigningKey {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateKey: CryptoKey;

  private constructor(kid: string, publicJwk: JWK, privateKey: CryptoKey) {
    this.kid = kid;
    this.publicJwk = publicJwk;
    this.privateKey = privateKey;
  }

  static async create(kid: string): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    return new SigningKey(kid, { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }, privateKey);
  }

  /** A good token, but for what `claims` and `header` change. Times are seconds from now. */
  sign(
    claims: { iss?: string; aud?: string; expSeconds?: number | null; nbfSeconds?: number } = {},
    header: { kid?: string } = {},
  ): Promise<string> {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const { iss = issuer, aud = audience, expSeconds = 3600, nbfSeconds } = claims;
    const token = new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: this.kid, ...header });
    token.setIssuer(iss).setAudience(aud);
    if (expSeconds !== null) token.setExpirationTime(nowSeconds + expSeconds);
    if (nbfSeconds !== undefined) token.setNotBefore(nowSeconds + nbfSeconds);
    return token.sign(this.privateKey);
  }
}

export class KeyServer {
  keys: SigningKey[] = [];
  requests = 0;
  /** What it does instead of answering with its keys. */
  answer: 'keys' | 'error' | 'garbage' | 'endless' | 'nothing' = 'keys';
  readonly url: string;
  readonly stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.stop = stop;
  }

  /** Ended with the test. */
  static async start(certificate: { key: string; cert: string } | null = null): Promise<KeyServer> {
    // Only a test has it.
    const { onTestFinished } = await import('vitest');
    const server = await KeyServer.create(certificate);
    onTestFinished(server.stop);
    return server;
  }

  /** Over HTTPS when it is given a certificate. */
  static async create(certificate: { key: string; cert: string } | null): Promise<KeyServer> {
    const listener: RequestListener = (_request, response) => {
      keyServer.requests++;
      switch (keyServer.answer) {
        case 'keys':
          response.setHeader('Content-Type', 'application/json');
          response.end(JSON.stringify({ keys: keyServer.keys.map(({ publicJwk }) => publicJwk) }));
          return;
        case 'error':
          response.writeHead(500).end('down');
          return;
        case 'garbage':
          response.end('{"keys":');
          return;
        case 'endless': {
          const chunk = Buffer.alloc(65_536, ' ');
          const more = () => {
            while (!response.destroyed && response.write(chunk));
            if (!response.destroyed) response.once('drain', more);
          };
          more();
          return;
        }
        case 'nothing':
          return;
      }
    };
    const server = certificate === null ? createHttpServer(listener) : createHttpsServer(certificate, listener);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const stop = async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const { port } = server.address() as AddressInfo;
    const keyServer = new KeyServer(`${certificate === null ? 'http' : 'https'}://127.0.0.1:${port}/keys`, stop);
    return keyServer;
  }
}
