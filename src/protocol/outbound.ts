/**
 * What is sent into a call: the text of `AudioData` and `StopAudio` as Microsoft documents it. ACS asks for no length of a message:
 * frames that leave together are one. The text is kept and only its base64 is written for each message. Any one thread.
 * Source: acs audio streaming, "Sending audio streaming data to Azure Communication Services".
 */
import { assertInvariant } from '../base/errors.ts';
import { frameBytes } from '../base/limits.ts';
import { playbackMessageFramesMax } from '../base/playback-limits.ts';

const head = '{"Kind":"AudioData","AudioData":{"Data":"';
const tail = '"},"StopAudio":null}';

/** Empties ACS's queue. */
export const stopAudioText = '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}';

/** A message with some frames of 20 ms. Each `write` overwrites the last one with as many. */
export class AudioDataText {
  /** Of a message with one frame. */
  readonly bytesOfOne: number;
  private readonly frameBytes: number;
  /** By the number of frames, each made when it is used first. */
  private readonly texts: Buffer<ArrayBuffer>[] = [];

  constructor(sampleRate: number) {
    this.frameBytes = frameBytes(sampleRate);
    this.bytesOfOne = this.textOf(1).length;
  }

  /**
   * The message, to be sent as text.
   * @param pcm so many frames of it, from `at` on
   */
  write(pcm: Buffer, at: number, frames: number): Buffer<ArrayBuffer> {
    const text = this.texts[frames] ?? this.textOf(frames);
    text.write(pcm.toString('base64', at, at + frames * this.frameBytes), head.length, 'latin1');
    return text;
  }

  private textOf(frames: number): Buffer<ArrayBuffer> {
    assertInvariant(frames >= 1 && frames <= playbackMessageFramesMax, 'a message has some frames');
    const data = Buffer.alloc(frames * this.frameBytes).toString('base64');
    const text = Buffer.from(new ArrayBuffer(head.length + data.length + tail.length));
    text.write(head + data + tail, 'latin1');
    this.texts[frames] = text;
    return text;
  }
}

/** The same with a mark, which ACS may answer when the frames have been played. Only the last ones of an utterance have one. */
export function markedAudioData(pcm: Buffer, at: number, bytes: number, markId: string): string {
  const data = pcm.toString('base64', at, at + bytes);
  return `${head}${data}","Mark":{"Id":${JSON.stringify(markId)}}},"StopAudio":null}`;
}
