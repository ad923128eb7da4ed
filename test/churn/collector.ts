/** Asks a running gateway for a full garbage collection, by way of Node's inspector: what is in use after it is held. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { happens } from '../fuzz/case.ts';
import { eventually } from '../support/gateway-process.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly message?: string };
}

const threadMsMax = 2_000;

export class Collector {
  private readonly socket: WebSocket;
  private readonly threads: string[] = [];
  private readonly waiting = new Map<number, (value: unknown) => void>();
  private requests = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.take(JSON.parse(String(data)) as Message));
  }

  /** To the inspector of a process that was started with `--inspect`. The connection stays: it is a descriptor of the process. */
  static async attach(port: number): Promise<Collector> {
    let url: string | undefined;
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { headers: { connection: 'close' } }).catch(
        () => null,
      );
      if (answer === null) return false;
      const targets = (await answer.json()) as { readonly webSocketDebuggerUrl: string }[];
      url = targets[0]?.webSocketDebuggerUrl;
      return url !== undefined;
    });
    const socket = new WebSocket(url!);
    await once(socket, 'open');
    const collector = new Collector(socket);
    await collector.call('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return collector;
  }

  /** A process with an inspector attached does not exit, and one whose threads end while theirs lets go of them may crash. */
  async detach(): Promise<void> {
    await this.call('NodeWorker.disable');
    this.socket.close();
    await once(this.socket, 'close');
  }

  /** The main thread's heap, and those of all threads that answer: a decode worker that is parked does not. */
  async collect(): Promise<void> {
    const collections = [this.call('HeapProfiler.collectGarbage')];
    for (const sessionId of this.threads) {
      const message = JSON.stringify({ id: ++this.requests, method: 'HeapProfiler.collectGarbage' });
      collections.push(happens(this.answerOf(this.requests), threadMsMax));
      collections.push(this.call('NodeWorker.sendMessageToWorker', { sessionId, message }));
    }
    await Promise.all(collections);
  }

  private call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.requests;
    const answer = this.answerOf(id);
    this.socket.send(JSON.stringify({ id, method, params }));
    return answer;
  }

  private answerOf(id: number): Promise<unknown> {
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  private take(message: Message): void {
    if (message.method === 'NodeWorker.attachedToWorker') this.threads.push(message.params!.sessionId!);
    if (message.method === 'NodeWorker.receivedMessageFromWorker')
      this.take(JSON.parse(message.params!.message!) as Message);
    if (message.id !== undefined) this.waiting.get(message.id)?.(undefined);
  }
}
