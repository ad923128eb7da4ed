/** Which stream has a subscription: another socket may resume it. By the owner as well, so that no peer takes over another's. Main thread. */
import type { Stream, StreamFacts } from './stream.ts';

function keyOf({ owner = '' }: StreamFacts, subscriptionId: string): string {
  return `${owner} ${subscriptionId}`;
}

/** What stands for a subscription of an owner: the same text in every process. */
export function subscriptionKey({ facts, subscriptionId }: Stream): string {
  return keyOf(facts, subscriptionId ?? '');
}

/** Who knows the streams of other processes: is told of which stream has a subscription. */
export interface Elsewhere {
  subscribed(stream: Stream): void;
  unsubscribed(stream: Stream): void;
}

export class Subscriptions {
  private readonly streams = new Map<string, Stream>();
  private readonly elsewhere: Elsewhere | null;

  constructor(elsewhere: Elsewhere | null) {
    this.elsewhere = elsewhere;
  }

  find(facts: StreamFacts, subscriptionId: string): Stream | null {
    return this.byKey(keyOf(facts, subscriptionId));
  }

  byKey(key: string): Stream | null {
    return this.streams.get(key) ?? null;
  }

  /** The first stream of a subscription keeps it. */
  add(stream: Stream): void {
    const key = subscriptionKey(stream);
    if (this.streams.has(key)) return;
    this.streams.set(key, stream);
    this.elsewhere?.subscribed(stream);
  }

  remove(stream: Stream): void {
    const key = subscriptionKey(stream);
    if (this.streams.get(key) !== stream) return;
    this.streams.delete(key);
    this.elsewhere?.unsubscribed(stream);
  }
}
