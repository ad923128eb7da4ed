/** What a page does, by hand: logs in, opens sockets, asks. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Call, Overview, Session, SoundHead, Update, Want, WantOverview } from '../../src/console/wire.ts';

export const token = 'let-me-see';

export const anyOverview: WantOverview = {
  want: 'overview',
  sort: 'connectedAt',
  descending: false,
  search: '',
  states: [],
  first: 0,
  count: 100,
};

/** The status with which a WebSocket was refused, or the socket, paused until somebody hears it. */
export async function upgrade(
  url: string,
  headers: Record<string, string>,
): Promise<{ readonly status: number } | { readonly socket: WebSocket }> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('open', () => {
      // What comes with the answer is not for nobody.
      socket.pause();
      resolve({ socket });
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve({ status: response.statusCode! });
    });
  });
}

export class ConsoleClient {
  readonly address: string;
  cookie = '';

  private constructor(adminPort: number) {
    this.address = `127.0.0.1:${adminPort}`;
  }

  /** With a session. @param secret null: the gateway asks for none */
  static async login(adminPort: number, secret: string | null = token): Promise<ConsoleClient> {
    const client = new ConsoleClient(adminPort);
    const response = secret === null ? await client.get('session') : await client.post('login', secret);
    client.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    if (client.cookie === '') throw new Error(`no session: ${response.status}`);
    return client;
  }

  static stranger(adminPort: number): ConsoleClient {
    return new ConsoleClient(adminPort);
  }

  get origin(): string {
    return `http://${this.address}`;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}/console/${path}`, { headers: { Cookie: this.cookie, ...headers } });
  }

  post(path: string, body = ''): Promise<Response> {
    return fetch(`${this.origin}/console/${path}`, {
      method: 'POST',
      body,
      headers: { Cookie: this.cookie, Origin: this.origin },
    });
  }

  async session(): Promise<Session | null> {
    const response = await this.get('session');
    return response.ok ? ((await response.json()) as Session) : null;
  }

  upgrade(path: string, headers: Record<string, string> = {}) {
    return upgrade(`ws://${this.address}/console/${path}`, { Cookie: this.cookie, Origin: this.origin, ...headers });
  }

  async socket(path: string): Promise<WebSocket> {
    const answer = await this.upgrade(path);
    if ('status' in answer) throw new Error(`refused with ${answer.status}`);
    return answer.socket;
  }

  async page(want?: Want): Promise<Page> {
    const page = new Page(await this.socket('live'));
    if (want !== undefined) page.want(want);
    return page;
  }

  async sound(streamId: string, participant?: number): Promise<Sound> {
    const which = participant === undefined ? '' : `&participant=${participant}`;
    return new Sound(await this.socket(`sound?stream=${streamId}${which}`));
  }
}

export class Page {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  /** All that came. */
  readonly updates: Update[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('message', (data) => this.updates.push(JSON.parse(String(data)) as Update));
    socket.resume();
  }

  want(want: unknown): void {
    this.socket.send(typeof want === 'string' ? want : JSON.stringify(want));
  }

  /** The next update for which this holds. */
  async until<Kind extends Update['update']>(
    kind: Kind,
    holds: (update: Extract<Update, { update: Kind }>) => boolean = () => true,
  ): Promise<Extract<Update, { update: Kind }>> {
    for (let seen = this.updates.length, giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
      for (; seen < this.updates.length; seen++) {
        const update = this.updates[seen]!;
        if (update.update === kind && holds(update as never)) return update as never;
      }
      if (this.socket.readyState !== this.socket.OPEN) throw new Error('the socket is closed');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no such ${kind} in a minute; the last: ${JSON.stringify(this.updates.at(-1))?.slice(0, 2000)}`);
  }

  overview(want: Partial<WantOverview>, holds: (overview: Overview) => boolean = () => true): Promise<Overview> {
    this.want({ ...anyOverview, ...want });
    return this.until('overview', holds);
  }

  get calls(): Call[] {
    return this.updates.filter((update) => update.update === 'call');
  }
}

export class Sound {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly heads: SoundHead[] = [];
  readonly chunks: { readonly arrivedAtMs: number; readonly heardAtMs: number; readonly pcm: Buffer }[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.heads.push(JSON.parse(String(data)) as SoundHead);
      else {
        const bytes = data as Buffer;
        this.chunks.push({
          arrivedAtMs: bytes.readDoubleLE(0),
          heardAtMs: performance.timeOrigin + performance.now(),
          pcm: bytes.subarray(8),
        });
      }
    });
    socket.resume();
  }

  get pcm(): Buffer {
    return Buffer.concat(this.chunks.map(({ pcm }) => pcm));
  }
}
