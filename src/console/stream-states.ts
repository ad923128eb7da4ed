/**
 * What the main thread knows of each stream and changes often, in shared memory, so that a thousand streams cost no thousand messages. Written by
 * the main thread while somebody looks, read by the console's. Each number is whole; `serial` says whose they are.
 */

const field = { serial: 0, state: 1, dropped: 2, queuedMs: 3, speaking: 4, cutMs: 5 } as const;
const stride = 8;

/** As in `/streams`. */
export const streamStates = ['open', 'stalled', 'waiting', 'ending', 'lingering', 'released'] as const;
export type StreamState = (typeof streamStates)[number];

export class StreamStates {
  readonly buffer: SharedArrayBuffer;
  private readonly f64: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.f64 = new Float64Array(buffer);
  }

  static create(streamCount: number): StreamStates {
    return new StreamStates(new SharedArrayBuffer(8 * stride * streamCount));
  }

  /** @param queuedMs -1: playback was never asked for. @param dropped messages that reached no lane */
  write(
    index: number,
    serial: number,
    state: StreamState,
    dropped: number,
    queuedMs: number,
    isSpeaking: boolean,
    cutMs: number,
  ): void {
    const { f64 } = this;
    const at = index * stride;
    f64[at + field.state] = streamStates.indexOf(state);
    f64[at + field.dropped] = dropped;
    f64[at + field.queuedMs] = queuedMs;
    f64[at + field.speaking] = isSpeaking ? 1 : 0;
    f64[at + field.cutMs] = cutMs;
    f64[at + field.serial] = serial;
  }

  isOf(index: number, serial: number): boolean {
    return this.f64[index * stride + field.serial] === serial;
  }
  state(index: number): StreamState {
    return streamStates[this.f64[index * stride + field.state]!]!;
  }
  dropped(index: number): number {
    return this.f64[index * stride + field.dropped]!;
  }
  /** -1: playback was never asked for. */
  queuedMs(index: number): number {
    return this.f64[index * stride + field.queuedMs]!;
  }
  isSpeaking(index: number): boolean {
    return this.f64[index * stride + field.speaking] === 1;
  }
  /** When playback was silenced last, ms on the process's clock; 0: never. */
  cutMs(index: number): number {
    return this.f64[index * stride + field.cutMs]!;
  }
}
