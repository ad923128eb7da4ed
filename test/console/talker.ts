/** A call whose participants say exactly what a test wants, frame by frame in real time. */
import { AcsClient, audio, metadata } from '../support/acs-client.ts';

export const frameSamples = 320;
const frameMs = 20;

/** A square wave: every sample is as loud as the loudest. */
export function tone(amplitude: number): Buffer {
  const samples = Int16Array.from({ length: frameSamples }, (_, i) => (i % 40 < 20 ? amplitude : -amplitude));
  return Buffer.from(samples.buffer);
}

/** Every frame is another one. */
export function noise(frame: number): Buffer {
  const samples = Int16Array.from({ length: frameSamples }, (_, i) => ((frame * 7919 + i * 104_729) % 20_011) - 10_005);
  return Buffer.from(samples.buffer);
}

export class Talker {
  readonly client: AcsClient;
  /** What each participant says next; null: nothing, and no frame either. */
  readonly says = new Map<string | undefined, (frame: number) => Buffer | null>();
  frame = 0;
  private readonly timer: NodeJS.Timeout;
  private dueMs = performance.now();

  private constructor(client: AcsClient) {
    this.client = client;
    this.timer = setInterval(() => this.turn(), frameMs / 2);
  }

  static async call(url: string, callId: string): Promise<Talker> {
    const client = await AcsClient.connect(url, {
      'x-ms-call-connection-id': callId,
      'x-ms-call-correlation-id': `correlation of ${callId}`,
    });
    client.send(metadata(`subscription of ${callId}`));
    return new Talker(client);
  }

  async hangUp(): Promise<void> {
    clearInterval(this.timer);
    await this.client.hangUp();
  }

  private turn(): void {
    for (; this.dueMs <= performance.now(); this.dueMs += frameMs, this.frame++) {
      for (const [participant, say] of this.says) {
        const pcm = say(this.frame);
        if (pcm !== null) this.client.send(audio(this.frame, pcm, participant));
      }
    }
  }
}
