/**
 * One participant on the way to one WebSocket: a text message that says what comes, then a binary message of 20 ms of PCM
 * every 20 ms, and at the end a text message with the account. While the other end is away, or does not read, frames are
 * dropped and counted: what is late is worth nothing to who listens live. Sink thread.
 */
import type { Frame, ModuleTrackWriter, Track, TrackEnd } from '../../src/index.ts';
import { Delays } from './delay.ts';
import { Playout } from './playout.ts';

export interface ForwarderOptions {
  readonly to: string;
  readonly bufferMs: number;
  readonly onError: (error: unknown) => void;
}

/** Before the audio, on every connection. */
export interface Hello {
  readonly type: 'audio';
  readonly streamId: string;
  readonly participantId: string | null;
  readonly sampleRate: number;
  /** Place of the first frame on the participant's timeline, in samples. */
  readonly positionSamples: number;
}

/** Behind it. Delays are from the arrival of a frame at the gateway to its sending, in ms. */
export interface Account {
  readonly type: 'ended';
  readonly forwarded: number;
  /** Frames of silence, for what never came, or came too late. */
  readonly silence: number;
  readonly late: number;
  readonly leftOut: number;
  readonly setBack: number;
  /** The other end was away, or did not read. */
  readonly unsent: number;
  readonly framesLapped: number;
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** What may wait for an end that does not read: half a second. */
const waitingBytesMax = 16_000;
const reconnectMs = 500;

export class Forwarder implements ModuleTrackWriter {
  /** Resolves when everything was sent, or cannot be. */
  readonly done: Promise<void>;
  private readonly finish: () => void;
  private readonly track: Track;
  private readonly options: ForwarderOptions;
  private readonly playout: Playout;
  private readonly delays = new Delays();
  private socket: WebSocket | null = null;
  private reconnectAtMs = 0;
  /** The first connection has come about, or has not: until then nothing is sent, and nothing is lost. */
  private hasTried = false;
  private hasGreeted = false;
  private isEnding = false;
  private readMs = 0;
  private unsent = 0;
  private trackEnd: TrackEnd | null = null;

  constructor(track: Track, options: ForwarderOptions) {
    ({ promise: this.done, resolve: this.finish } = Promise.withResolvers<void>());
    this.track = track;
    this.options = options;
    this.playout = new Playout({ sampleRate: track.sampleRate, bufferMs: options.bufferMs });
  }

  write(frame: Frame): void {
    // What ACS sends twice is there already; what is late may still be in time for its place.
    if (!frame.duplicate) this.playout.put(frame.positionSamples, frame.samples, frame.sampleCount, frame.arrivalMs);
  }

  /** Everything that is there has been written. */
  flush(): void {
    this.readMs = performance.now();
  }

  end(end: TrackEnd): void {
    this.trackEnd = end;
  }

  /** Sends what is due. */
  tick(nowMs: number): void {
    if (this.isEnding) return;
    this.connect(nowMs);
    if (!this.hasTried) return;
    const { playout } = this;
    while (!this.isOver && playout.take(nowMs, this.readMs)) this.send(nowMs);
    if (this.isOver) this.sendAccount(this.trackEnd!);
  }

  private get isOver(): boolean {
    return this.trackEnd !== null && this.playout.isEmpty;
  }
  private get isConnected(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  private connect(nowMs: number): void {
    if (this.socket !== null || nowMs < this.reconnectAtMs) return;
    const socket = new WebSocket(this.options.to);
    this.socket = socket;
    this.hasGreeted = false;
    socket.onopen = () => {
      this.hasTried = true;
    };
    // One of them comes: in Node.js 22 a connection that never came about has an error, but no end.
    socket.onerror = () => this.disconnected();
    socket.onclose = () => this.disconnected();
  }

  private disconnected(): void {
    if (this.socket === null) return;
    this.hasTried = true;
    this.socket = null;
    this.reconnectAtMs = performance.now() + reconnectMs;
    if (this.isEnding) this.finish();
    else this.options.onError(new Error(`no connection to ${this.options.to}: frames are dropped until there is one`));
  }

  private send(nowMs: number): void {
    const { playout, socket } = this;
    const { frame, frameArrivalMs } = playout;
    if (!this.isConnected || socket!.bufferedAmount > waitingBytesMax) {
      this.unsent++;
      return;
    }
    if (!this.hasGreeted) {
      const { streamId, participantId, sampleRate } = this.track;
      const hello: Hello = {
        type: 'audio',
        streamId,
        participantId,
        sampleRate,
        positionSamples: playout.position - frame.length,
      };
      socket!.send(JSON.stringify(hello));
      this.hasGreeted = true;
    }
    // It is copied before this returns.
    socket!.send(frame);
    if (!Number.isNaN(frameArrivalMs)) this.delays.add(nowMs - frameArrivalMs);
  }

  private sendAccount({ framesLapped }: TrackEnd): void {
    const { delays, unsent, playout } = this;
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => delays.percentile(share)) as [number, number, number];
    const account: Account = { type: 'ended', ...playout.counts, unsent, framesLapped, delayMs: { p50, p99, max } };
    this.isEnding = true;
    if (!this.isConnected) {
      this.finish();
      return;
    }
    this.socket!.send(JSON.stringify(account));
    this.socket!.close(1000);
  }
}
