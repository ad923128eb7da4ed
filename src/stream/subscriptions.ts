/** Which stream has a subscription: another socket may resume it. By the owner as well, so that no peer takes over another's. Main thread. */
import type { Stream, StreamFacts } from './stream.ts';

function keyOf({ owner = '' }: StreamFacts, subscriptionId: string): string {
  return `${owner} ${subscriptionId}`;
}

export class Subscriptions {
  private readonly streams = new Map<string, Stream>();

  find(facts: StreamFacts, subscriptionId: string): Stream | null {
    return this.streams.get(keyOf(facts, subscriptionId)) ?? null;
  }

  /** The first stream of a subscription keeps it. */
  add(stream: Stream, subscriptionId: string): void {
    const key = keyOf(stream.facts, subscriptionId);
    if (!this.streams.has(key)) this.streams.set(key, stream);
  }

  remove(stream: Stream): void {
    if (stream.subscriptionId === null) return;
    const key = keyOf(stream.facts, stream.subscriptionId);
    if (this.streams.get(key) === stream) this.streams.delete(key);
  }
}
