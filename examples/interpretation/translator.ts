/**
 * The translator: replace it. It takes what one side says, as it comes, and gives what the other side is to hear, whenever it has
 * something; samples of the same rate. Any thread.
 */
export type Translate = (speech: AsyncIterable<Int16Array>, sampleRate: number) => AsyncIterable<Int16Array>;

/** Understands nothing: it repeats what it hears, at half the loudness. */
export async function* repeatSoftly(speech: AsyncIterable<Int16Array>): AsyncIterable<Int16Array> {
  for await (const samples of speech) yield samples.map((sample) => sample >> 1);
}
