/**
 * All participants, those that are there and those to come, for one `for await`. Invariant: each comes once, in order, unless it has
 * ended before its turn; so no more of them wait than can be read. Main thread.
 */
import type { Participant, StreamInfo } from './events.ts';
import type { Events } from './observers.ts';

type Next = IteratorResult<Participant, undefined>;

export class ParticipantFeed implements AsyncIterableIterator<Participant, undefined> {
  private readonly events: Events;
  private readonly streams: ReadonlyMap<string, StreamInfo>;
  private readonly onReturn: () => void;
  private waiting: Participant[];
  private asking: ((next: Next) => void)[] = [];
  private hasEnded = false;

  /** Listens from now on, so that none is missed before the loop begins. */
  constructor(events: Events, streams: ReadonlyMap<string, StreamInfo>, onReturn: () => void) {
    this.events = events;
    this.streams = streams;
    this.onReturn = onReturn;
    this.waiting = [...streams.values()].flatMap(({ participants }) => participants);
    events.on('participant', this.onParticipant);
    events.on('participantEnded', this.onParticipantEnded);
  }

  next(): Promise<Next> {
    const value = this.waiting.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.hasEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.asking.push(resolve));
  }

  /** The loop was left, or no participant will come. */
  return(): Promise<Next> {
    this.events.off('participant', this.onParticipant);
    this.events.off('participantEnded', this.onParticipantEnded);
    this.onReturn();
    this.hasEnded = true;
    this.waiting = [];
    for (const answer of this.asking.splice(0)) answer({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private readonly onParticipant = (value: Participant): void => {
    const answer = this.asking.shift();
    if (answer === undefined) this.waiting.push(value);
    else answer({ value, done: false });
  };

  private readonly onParticipantEnded = (): void => {
    if (this.waiting.length === 0) return;
    this.waiting = this.waiting.filter((one) => this.streams.get(one.streamId)?.participants.includes(one));
  };
}
