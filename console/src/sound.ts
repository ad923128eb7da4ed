/**
 * Listening: a WebSocket with PCM into the jitter buffer of the sound's thread, and out at a volume. Invariant: after `stop` there is no
 * socket and no sound, whenever it comes.
 */
import { type SoundHead, stampBytes } from '../../src/console/wire.ts';
import { socketAddress } from './addresses.ts';
import type { FromProcessor, ToProcessor } from './sound-messages.ts';
import processorUrl from './sound-processor.ts?worker&url';

export type ListeningState =
  | { readonly kind: 'connecting' }
  /** `latencyMs`: from the gateway's socket to the loudspeaker; null while nothing is played. */
  | { readonly kind: 'listening'; readonly latencyMs: number | null; readonly bufferedMs: number }
  | { readonly kind: 'ended'; readonly why: string };

/** A longer distance between stamps than between samples, by so much, is a hole in what was sent. */
const holeMs = 60;
/** Clocks that differ by more cannot be taken for one; the quickest message says by how much they do. */
const clockDifferenceMs = 500;
const typicalDeliveryMs = 40;

export class Sound {
  private readonly onState: (state: ListeningState) => void;
  private readonly socket: WebSocket;
  private context: AudioContext | null = null;
  private node: AudioWorkletNode | null = null;
  private gain: GainNode | null = null;
  private volume: number;
  private sampleRate = 0;
  private expectedStampMs = 0;
  private quickestMs = Number.POSITIVE_INFINITY;
  private early: ToProcessor[] = [];
  private hasEnded = false;

  constructor(stream: string, participant: number | null, volume: number, onState: (state: ListeningState) => void) {
    this.onState = onState;
    this.volume = volume;
    const query = new URLSearchParams({ stream });
    if (participant !== null) query.set('participant', String(participant));
    this.socket = new WebSocket(socketAddress(`sound?${query}`));
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => {
      if (typeof data === 'string') void this.begin(JSON.parse(data) as SoundHead);
      else this.take(data as ArrayBuffer);
    };
    this.socket.onclose = ({ reason }) => this.end(reason || 'The gateway ended the sound.');
    onState({ kind: 'connecting' });
  }

  setVolume(volume: number): void {
    this.volume = volume;
    if (this.gain !== null && this.context !== null)
      this.gain.gain.setTargetAtTime(volume, this.context.currentTime, 0.02);
  }

  stop(): void {
    this.end('stopped');
  }

  private end(why: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.socket.close();
    void this.context?.close();
    this.onState({ kind: 'ended', why });
  }

  private async begin({ sampleRate }: SoundHead): Promise<void> {
    if (this.sampleRate === sampleRate) return;
    try {
      this.sampleRate = sampleRate;
      this.node = null;
      // At the call's own rate: then the browser resamples, better than we would. The processor plays at any other as well.
      const context = new AudioContext({ sampleRate, latencyHint: 'interactive' });
      const before = this.context;
      this.context = context;
      await before?.close();
      await context.audioWorklet.addModule(processorUrl);
      if (this.hasEnded) {
        await context.close();
        return;
      }
      const options = { numberOfInputs: 0, outputChannelCount: [1], processorOptions: { sourceRate: sampleRate } };
      this.node = new AudioWorkletNode(context, 'sound', options);
      this.gain = new GainNode(context, { gain: this.volume });
      this.node.connect(this.gain).connect(context.destination);
      this.node.port.onmessage = ({ data }: MessageEvent<FromProcessor>) => this.report(data);
      for (const message of this.early.splice(0)) this.node.port.postMessage(message);
      await context.resume();
    } catch (error) {
      this.end(`This browser does not play it: ${(error as Error).message}`);
    }
  }

  private take(bytes: ArrayBuffer): void {
    if (this.sampleRate === 0 || bytes.byteLength <= stampBytes) return;
    const stampMs = new DataView(bytes).getFloat64(0, true);
    const samples = new Int16Array(bytes.slice(stampBytes));
    const durationMs = (samples.length / this.sampleRate) * 1000;
    const isContinuous = Math.abs(stampMs - this.expectedStampMs) < holeMs;
    this.expectedStampMs = stampMs + durationMs;
    this.quickestMs = Math.min(this.quickestMs, Date.now() - stampMs - durationMs);
    const message: ToProcessor = { stampMs, samples, isContinuous };
    if (this.node !== null) this.node.port.postMessage(message, [samples.buffer]);
    else if (this.early.length < 100) this.early.push(message);
  }

  private report({ isPlaying, bufferedMs, playedStampMs }: FromProcessor): void {
    if (this.hasEnded) return;
    const { baseLatency, outputLatency = 0 } = this.context!;
    const areClocksOne = this.quickestMs > -clockDifferenceMs / 10 && this.quickestMs < clockDifferenceMs;
    const skewMs = areClocksOne ? 0 : this.quickestMs - typicalDeliveryMs;
    const latencyMs = Date.now() - skewMs - playedStampMs + Math.max(baseLatency, outputLatency) * 1000;
    this.onState({ kind: 'listening', latencyMs: isPlaying ? latencyMs : null, bufferedMs });
  }
}
