/**
 * Calls to voice agents, and what may be heard in them: the stand-in's answers are told apart by each of their samples, so an answer
 * that was cut off and is heard again cannot hide. Real sockets; all calls of a process speak by one clock.
 */
import type { Said, StandIn } from '../../examples/voice-agent/stand-in/server.ts';
import { AcsClient, firstTimestampMs, metadata } from '../support/acs-client.ts';
import { scene } from './speech.ts';

const sampleRate = 16_000;
const frameSamples = 320;
const frameMs = 20;

/** Frames as base64: a second of a quiet room, three of a voice in it. */
function framesOf(speechMs: number, ms: number): string[] {
  const spans = speechMs > 0 ? [[0, speechMs] as const] : [];
  const samples = scene({ sampleRate, ms, noiseDb: -60, speechDb: -20 }, spans);
  return Array.from({ length: ms / frameMs }, (_, frame) => {
    const at = frame * frameSamples;
    return Buffer.from(samples.buffer, at * 2, frameSamples * 2).toString('base64');
  });
}

/** Sends a frame of every call every 20 ms. */
export class Clock {
  readonly calls = new Set<AgentCall>();
  readonly room = framesOf(0, 1_000);
  readonly voice = framesOf(3_000, 3_000);
  private readonly startedMs = performance.now();
  private frame = 0;
  private readonly timer = setInterval(() => this.advance(), 5);

  private advance(): void {
    for (; performance.now() >= this.startedMs + this.frame * frameMs; this.frame++) {
      for (const call of this.calls) call.sendFrame();
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** The number that all samples of a frame are, NaN if they are not all the same. The filter rings at both ends of an answer only. */
function levelIn(pcm: Buffer): number {
  const level = pcm.readInt16LE(frameSamples);
  const isLevel = [200, 260, 380, 440].every((at) => pcm.readInt16LE(at) === level);
  return isLevel ? level : Number.NaN;
}

export class AgentCall {
  readonly client: AcsClient;
  /** Frames of each answer, by its number. */
  readonly heard = new Map<number, number>();
  /** When each was silenced. */
  readonly stopsMs: number[] = [];
  /** From the model's word that the caller speaks, ms. */
  readonly silencedMs: number[] = [];
  readonly faults: string[] = [];
  /** When the first frame came. */
  firstHeardMs = Number.NaN;
  /** Frames that are of no answer. */
  otherFrames = 0;
  /** The last answer that was heard, and which it was. */
  last: Said | null = null;
  private readonly clock: Clock;
  private readonly standIn: StandIn;
  private frame = 0;
  private voiceFrames = 0;
  private voiceAt = 0;
  private heardUntilMs = 0;
  /** Answers that began before it were cut off. */
  private barrierMs = Number.NEGATIVE_INFINITY;

  private constructor(client: AcsClient, clock: Clock, standIn: StandIn) {
    this.client = client;
    this.clock = clock;
    this.standIn = standIn;
    client.socket.on('message', (data) => this.take(JSON.parse(String(data))));
  }

  static async dial(url: string, name: string, clock: Clock, standIn: StandIn): Promise<AgentCall> {
    const client = await AcsClient.connect(url, { 'x-ms-call-connection-id': name });
    client.send(metadata(name, sampleRate));
    const call = new AgentCall(client, clock, standIn);
    clock.calls.add(call);
    return call;
  }

  /** Says something, from now on. */
  speak(ms: number): void {
    this.voiceFrames = Math.round(ms / frameMs);
    this.voiceAt = 0;
  }

  /** Whether it hears something: what is sent ahead of time counts. */
  get isPlaying(): boolean {
    return performance.now() < this.heardUntilMs;
  }
  get framesHeard(): number {
    return [...this.heard.values()].reduce((sum, frames) => sum + frames, this.otherFrames);
  }

  sendFrame(): void {
    const { room, voice } = this.clock;
    let data = room[this.frame % room.length]!;
    if (this.voiceFrames > 0) {
      this.voiceFrames--;
      data = voice[this.voiceAt++ % voice.length]!;
    }
    const timestamp = new Date(firstTimestampMs + this.frame++ * frameMs).toISOString();
    this.client.send(`{"kind":"AudioData","audioData":{"timestamp":"${timestamp}","data":"${data}","silent":false}}`);
  }

  hangUp(): Promise<number> {
    this.clock.calls.delete(this);
    return this.client.hangUp();
  }

  private take({ Kind, AudioData }: { readonly Kind: string; readonly AudioData: { readonly Data: string } }): void {
    const nowMs = performance.now();
    if (Kind === 'StopAudio') {
      this.stop(nowMs);
      return;
    }
    const pcm = Buffer.from(AudioData.Data, 'base64');
    const frameBytes = frameSamples * 2;
    if (pcm.length % frameBytes !== 0) this.faults.push(`a message of ${pcm.length} bytes`);
    for (let at = 0; at < pcm.length; at += frameBytes) this.takeFrame(pcm.subarray(at, at + frameBytes), nowMs);
  }

  private takeFrame(pcm: Buffer, nowMs: number): void {
    if (Number.isNaN(this.firstHeardMs)) this.firstHeardMs = nowMs;
    this.heardUntilMs = Math.max(nowMs, this.heardUntilMs) + frameMs;
    const of = this.standIn.answersByLevel.get(levelIn(pcm));
    // The last frame is filled up with silence; beeps say that the model is away.
    if (of === undefined) {
      this.otherFrames++;
      return;
    }
    const { answer } = of;
    if (answer.createdAtMs <= this.barrierMs) this.faults.push(`answer ${answer.number} is heard after it was cut off`);
    if (this.last !== null && answer.number < this.last.answer.number) {
      this.faults.push(`answer ${answer.number} is heard after answer ${this.last.answer.number}`);
    }
    this.last = of;
    this.heard.set(answer.number, (this.heard.get(answer.number) ?? 0) + 1);
  }

  /**
   * The turn that silenced the agent began after the answer that was heard last, however late we hear of it. Whatever the model began
   * before that turn must not be heard any more.
   */
  private stop(nowMs: number): void {
    this.stopsMs.push(nowMs);
    this.heardUntilMs = nowMs;
    if (this.last === null) return;
    const { answer, session } = this.last;
    const turn = session.turns.find(({ beganAtMs }) => beganAtMs > answer.createdAtMs);
    if (turn !== undefined) this.silencedMs.push(nowMs - turn.beganAtMs);
    this.barrierMs = turn?.beganAtMs ?? answer.createdAtMs;
  }
}
