/** Every row, in the order of the table. */
import { bare, echoes, sample } from '../load/rival.ts';
import type { Server, ServerKind } from '../load/server.ts';
import { gateways } from './gateway.ts';
import type { DuplexKind, DuplexServer, Mode } from './server.ts';

/** A server that says what it hears, or nothing. */
class Echo implements DuplexServer {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  get pid(): number {
    return this.server.pid;
  }
  get port(): number {
    return this.server.port;
  }
  get path(): string {
    return this.server.path;
  }
  get gc(): Server['gc'] {
    return this.server.gc;
  }
  counts(): ReturnType<Server['counts']> {
    return this.server.counts();
  }
  end(): Promise<void> {
    return this.server.end();
  }
  kill(): void {
    this.server.kill();
  }
  digestWritten(): number | null {
    return this.server.digestWritten();
  }
  speech(): null {
    return null;
  }
  async hush(): Promise<void> {}
}

function rival(family: string, mode: Mode, { key, label, start }: ServerKind): DuplexKind {
  return { key, label, mode, family, start: async (options) => new Echo(await start(options)) };
}

export const kinds: readonly DuplexKind[] = [
  ...gateways,
  rival('bare', 'hears', bare),
  rival('bare', 'speaks', echoes.bare),
  rival('sample', 'hears', sample),
  rival('sample', 'speaks', echoes.sample),
];
