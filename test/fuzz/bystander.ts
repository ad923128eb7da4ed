/** A call that does nothing wrong while others do: sends known audio, each call framed in its own legal way, and never stops. */
import { audio, metadata } from '../support/acs-client.ts';
import { fragments, frame, opcode } from './frame.ts';
import { RawPeer, upgradeRequest } from './raw-peer.ts';

/** How its bytes leave: as ACS's do, in fragments with pings between, cut anywhere by TCP, five messages at a time. */
export const manners = ['whole', 'fragmented', 'cut', 'bunched'] as const;
export type Manner = (typeof manners)[number];

/** What lets it in where somebody asks. */
export const bystanderToken = 'bystander';

const frameMs = 20;
const bunch = 5;

/** 20 ms of PCM that says whose it is and which one. */
function pcmOf(seed: number, n: number): Buffer {
  const pcm = Buffer.alloc(640);
  for (let i = 0; i < pcm.length; i += 2) pcm.writeUInt16LE((seed * 7919 + n * 31 + i) & 0xffff, i);
  return pcm;
}

export class Bystander {
  readonly name: string;
  messages = 0;
  bytes = 0;
  private readonly peer: RawPeer;
  private readonly manner: Manner;
  private readonly seed: number;
  private readonly pcm: Buffer[] = [];
  private waiting: string[] = [];
  private timer: NodeJS.Timeout | null = null;

  private constructor(peer: RawPeer, name: string, manner: Manner, seed: number) {
    this.peer = peer;
    this.name = name;
    this.manner = manner;
    this.seed = seed;
  }

  static async start(port: number, manner: Manner, seed: number): Promise<Bystander> {
    const name = `bystander-${manner}-${seed}`;
    const peer = await RawPeer.open(
      port,
      upgradeRequest('/audio', [`x-ms-call-connection-id: ${name}`, `Authorization: Bearer ${bystanderToken}`]),
    );
    const bystander = new Bystander(peer, name, manner, seed);
    bystander.send(metadata(name));
    bystander.goOn();
    return bystander;
  }

  /** What its recording must be. */
  get sent(): Buffer {
    return Buffer.concat(this.pcm);
  }

  get isConnected(): boolean {
    return !this.peer.isClosed;
  }

  goOn(): void {
    this.timer ??= setInterval(() => this.speak(), frameMs);
  }

  /** Says nothing more, and returns when the server has everything. */
  async pause(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.flush();
    // A message that is cut in two is still being written.
    await new Promise((resolve) => setImmediate(resolve));
    await this.peer.barrier();
  }

  async hangUp(): Promise<void> {
    await this.pause();
    this.peer.finish();
    await this.peer.closed;
  }

  private speak(): void {
    const n = this.pcm.length;
    const pcm = pcmOf(this.seed, n);
    this.pcm.push(pcm);
    const message = audio(n, pcm);
    if (this.manner !== 'bunched') this.send(message);
    else {
      this.waiting.push(message);
      if (this.waiting.length >= bunch) this.flush();
    }
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    this.count(...this.waiting);
    this.peer.write(
      Buffer.concat(this.waiting.map((payload) => frame({ payload, mask: this.pcm.length * 2654435761 }))),
    );
    this.waiting = [];
  }

  private count(...messages: string[]): void {
    this.messages += messages.length;
    for (const message of messages) this.bytes += Buffer.byteLength(message);
  }

  private send(message: string): void {
    this.count(message);
    const third = Math.floor(message.length / 3);
    switch (this.manner) {
      case 'fragmented': {
        const parts = fragments([
          message.slice(0, third),
          '',
          message.slice(third, 2 * third),
          message.slice(2 * third),
        ]);
        const ping = frame({ opcode: opcode.ping, payload: 'between' });
        this.peer.write(Buffer.concat(parts.flatMap((part) => [part, ping]).slice(0, -1)));
        return;
      }
      case 'cut': {
        const bytes = frame({ payload: message });
        const at = 1 + (this.messages % (bytes.length - 1));
        this.peer.write(bytes.subarray(0, at));
        setImmediate(() => this.peer.write(bytes.subarray(at)));
        return;
      }
      default:
        this.peer.write(frame({ payload: message }));
    }
  }
}
