/** The uWebSockets.js server that three of the rivals share, set up as the gateway sets up its own. */
import type * as Uws from 'uWebSockets.js';
import { uws } from '../../../src/socket/uws-binary.ts';
import { tlsFiles } from './tls-files.ts';

const messageBytesMax = 256 * 1024;

/** What the typings of the package leave out or declare as types only. */
const untyped = uws as unknown as {
  readonly DISABLED: Uws.CompressOptions;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
};

/** Listens on a free port and returns it. A message is dead when `take` returns. */
export function listen(
  take: (message: ArrayBuffer, socket: Uws.WebSocket<unknown>) => void,
  opened: () => void = () => {},
): Promise<number> {
  const tls = tlsFiles();
  const bare = tls === null ? uws.App() : uws.SSLApp({ cert_file_name: tls.cert, key_file_name: tls.key });
  const app = bare.ws('/*', {
    compression: untyped.DISABLED,
    maxPayloadLength: messageBytesMax,
    idleTimeout: 0,
    open: opened,
    message: (socket, message) => take(message, socket),
  });
  // The typings lack the overload with options behind a host.
  const listenAt = app.listen.bind(app) as unknown as (
    host: string,
    port: number,
    options: number,
    callback: (socket: Uws.us_listen_socket | false) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    listenAt('127.0.0.1', 0, untyped.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
      if (socket === false) reject(new Error('no port to listen on'));
      else resolve(uws.us_socket_local_port(socket));
    });
  });
}
