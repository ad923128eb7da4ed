/**
 * Which process has the stream of which subscription. A call that dials again may come to another process than before: there its stream is
 * a new one, the older one ends at once, and each names the other. Subscriptions are known by the credential as well, so no call ends
 * another one's. Main thread of the parent.
 */
import { goneStreamMs } from '../base/process-limits.ts';
import type { StreamPlace } from '../stream/stream.ts';
import type { FromProcess, ToProcess } from './messages.ts';

/** What is needed of a process. */
export interface Claimant {
  readonly number: number;
  send(message: ToProcess): void;
}

interface Holder {
  /** Null: it is gone, or has ended the stream; the call may dial again. */
  process: Claimant | null;
  readonly place: StreamPlace;
}

/** Somebody has the subscription, and was told of the newer stream. */
interface Claim {
  readonly key: string;
  readonly process: Claimant;
  readonly older: Holder;
}

export class Claims {
  private readonly holders = new Map<string, Holder>();
  /** Not decided yet, by the newer stream. */
  private readonly claims = new Map<string, Claim>();
  private readonly refusesDuplicates: boolean;

  constructor(refusesDuplicates: boolean) {
    this.refusesDuplicates = refusesDuplicates;
  }

  take(process: Claimant, message: FromProcess): void {
    switch (message.type) {
      case 'subscribed':
        this.subscribed(process, message.key, { process: process.number, id: message.id });
        return;
      case 'unsubscribed':
        this.unsubscribed(message.key, message.id, message.mayComeBack);
        return;
      case 'yielded':
        this.decide(message.by.id, true);
        return;
      case 'kept':
        this.decide(message.by.id, false);
    }
  }

  /** A process is gone, and its streams with it. */
  gone(process: Claimant): void {
    for (const [key, holder] of this.holders) if (holder.process === process) this.forgetLater(key, holder);
    for (const [id, { older }] of this.claims) if (older.process === null) this.decide(id, true);
  }

  private subscribed(process: Claimant, key: string, place: StreamPlace): void {
    const older = this.holders.get(key);
    if (older === undefined || older.process === process) {
      this.holders.set(key, { process, place });
      return;
    }
    this.claims.set(place.id, { key, process, older });
    if (older.process === null) this.decide(place.id, true);
    else older.process.send({ type: 'claimed', key, by: place });
  }

  private decide(id: string, isYielded: boolean): void {
    const claim = this.claims.get(id);
    if (claim === undefined) return;
    this.claims.delete(id);
    const { key, process, older } = claim;
    const place = { process: process.number, id };
    const holder = this.holders.get(key);
    if (isYielded && holder !== undefined && holder !== older) {
      // A third one was quicker.
      this.subscribed(process, key, place);
    } else if (isYielded) {
      this.holders.set(key, { process, place });
      process.send({ type: 'continues', id, place: older.place });
    } else if (this.refusesDuplicates) process.send({ type: 'refused', id });
  }

  private unsubscribed(key: string, id: string, mayComeBack: boolean): void {
    this.claims.delete(id);
    const holder = this.holders.get(key);
    if (holder?.place.id !== id) return;
    if (mayComeBack) this.forgetLater(key, holder);
    else this.holders.delete(key);
  }

  private forgetLater(key: string, holder: Holder): void {
    holder.process = null;
    setTimeout(() => {
      if (this.holders.get(key) === holder) this.holders.delete(key);
    }, goneStreamMs).unref();
  }
}
