/** The client's side of TLS, as ACS can be expected to have it: 1.3, AES-GCM, a session ticket when it comes back. */
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** The order of preference of Windows and of OpenSSL. */
export const usualSuites = 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256';

export class TlsClient {
  // One for all connections: each of its own would be a hundred times its cost.
  private readonly context: SecureContext;

  /** @param suites of TLS 1.3, the preferred one first */
  constructor(suites: string) {
    this.context = createSecureContext({ ciphers: suites, minVersion: 'TLSv1.3' });
  }

  /** @param ticket of an earlier session with this server; null: there was none */
  connect(options: TcpNetConnectOpts, ticket: Buffer | null): TLSSocket {
    const socket = connect({
      ...options,
      secureContext: this.context,
      servername: 'localhost',
      // The certificate is the benchmark's own.
      rejectUnauthorized: false,
      ...(ticket !== null && { session: ticket }),
    });
    // Not taken over from the options.
    socket.setNoDelay(true);
    return socket;
  }
}

function isSecure(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}

/** What both sides agreed on; null without TLS. */
export function suiteOf(socket: Socket): string | null {
  return isSecure(socket) ? socket.getCipher().standardName : null;
}

export function isResumed(socket: Socket): boolean {
  return isSecure(socket) && socket.isSessionReused();
}
