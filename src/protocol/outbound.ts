/**
 * What is sent into a call: the text of `AudioData` and `StopAudio` as Microsoft documents it. The text of a frame is kept and
 * only its base64 is written for each frame, and nothing else is allocated. Any one thread.
 * Source: acs audio streaming, "Sending audio streaming data to Azure Communication Services".
 */
import { frameBytes } from '../base/limits.ts';

const head = '{"Kind":"AudioData","AudioData":{"Data":"';
const tail = '"},"StopAudio":null}';

/** Empties ACS's queue. */
export const stopAudioText = '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}';

/** The message with one frame of 20 ms. Each `write` overwrites the last one. */
export class AudioDataText {
  /** To be sent as text. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly text: Buffer;
  private readonly frameBytes: number;

  constructor(sampleRate: number) {
    this.frameBytes = frameBytes(sampleRate);
    const data = Buffer.alloc(this.frameBytes).toString('base64');
    const memory = new ArrayBuffer(head.length + data.length + tail.length);
    this.text = Buffer.from(memory);
    this.text.write(head + data + tail, 'latin1');
    this.bytes = new Uint8Array(memory);
  }

  /** @param pcm a frame of it, from `at` on */
  write(pcm: Buffer, at: number): Uint8Array<ArrayBuffer> {
    this.text.write(pcm.toString('base64', at, at + this.frameBytes), head.length, 'latin1');
    return this.bytes;
  }
}

/** The same with a mark, which ACS may answer when the frame has been played. Only the last frame of an utterance has one. */
export function markedAudioData(pcm: Buffer, at: number, sampleRate: number, markId: string): string {
  const data = pcm.toString('base64', at, at + frameBytes(sampleRate));
  return `${head}${data}","Mark":{"Id":${JSON.stringify(markId)}}},"StopAudio":null}`;
}
