/** A hand-driven ACS client for tests that say exactly what is sent. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export const firstTimestampMs = Date.parse('2026-01-01T00:00:00.000Z');

export function metadata(subscriptionId = 'subscription', sampleRate = 16_000): string {
  const audioMetadata = { subscriptionId, encoding: 'PCM', sampleRate, channels: 1, length: 640 };
  return JSON.stringify({ kind: 'AudioMetadata', audioMetadata });
}

export function audio(frame: number, pcm: Buffer = Buffer.alloc(640, frame + 1), participantRawID?: string): string {
  const timestamp = new Date(firstTimestampMs + frame * 20).toISOString();
  const audioData = { timestamp, participantRawID, data: pcm.toString('base64'), silent: false };
  return JSON.stringify({ kind: 'AudioData', audioData });
}

export class AcsClient {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  /** Again and again as long as there is no room: on a busy machine the main thread may honestly be late. */
  static async connect(url: string, headers: Record<string, string> = {}): Promise<AcsClient> {
    for (const giveUpMs = performance.now() + 60_000; ; ) {
      const socket = new WebSocket(url, { headers, perMessageDeflate: false });
      const client = new AcsClient(socket);
      try {
        await once(socket, 'open');
        return client;
      } catch (error) {
        if (!(error as Error).message.endsWith('503') || performance.now() > giveUpMs) throw error;
        // Slowly and not all at once: a thousand of them must not look like a flood.
        await new Promise((resolve) => setTimeout(resolve, 500 + 1000 * Math.random()));
      }
    }
  }

  send(...messages: readonly (string | Buffer)[]): void {
    for (const message of messages) this.socket.send(message);
  }

  /** Hangs up and waits for the answer. */
  async hangUp(): Promise<number> {
    this.socket.close(1000);
    return this.closed;
  }
}

/** The status with which an upgrade is refused, and its headers. */
export async function refusedUpgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly retryAfter: string | null }> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    // Whatever else than an answer comes, and what comes of the socket after it.
    socket.on('error', reject);
    socket.once('open', () => reject(new Error('the upgrade was accepted')));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] ?? null });
    });
  });
}
