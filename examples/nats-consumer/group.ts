/**
 * Shares participants among the consumers of a group. NATS gives each event to one member; whoever gets it asks whether
 * somebody has that participant already, and takes it if nobody answers. A member that dies stops answering: with the next
 * `running`, which comes every few seconds, somebody else takes over. Frames themselves are not shared out: the one who has
 * a participant hears all of it.
 */
import { errors, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { framesOf, trackOf } from './frame.ts';
import { Participant, type ParticipantEvent } from './participant.ts';

export interface GroupOptions {
  readonly prefix: string;
  /** Members of the same name share the participants. */
  readonly name: string;
  /** Where audio is written. */
  readonly folder: string;
  readonly onTaken: (participant: Participant) => void;
  /** `event` is null if the gateway was not heard of for a while. */
  readonly onEnded: (participant: Participant, event: ParticipantEvent | null) => void;
}

interface Held {
  readonly participant: Participant;
  readonly subscriptions: readonly Subscription[];
  heardMs: number;
}

/** The gateway tells of each participant every 5 s; without a word for so long it is gone. */
const silenceMs = 20_000;
const answerMs = 1000;

export class Group {
  private readonly nats: NatsConnection;
  private readonly options: GroupOptions;
  private readonly held = new Map<string, Held>();
  private readonly asking = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  constructor(nats: NatsConnection, options: GroupOptions) {
    this.nats = nats;
    this.options = options;
    nats.subscribe(`${options.prefix}.*.*.event`, {
      queue: options.name,
      callback: (_error, message) => void this.heardOf(message.json<ParticipantEvent>()),
    });
    this.timer = setInterval(() => this.dropSilent(), silenceMs / 4);
  }

  /** Lets go of everything. */
  stop(): void {
    clearInterval(this.timer);
    for (const { participant } of this.held.values()) this.release(participant.track, null);
  }

  private async heardOf(event: ParticipantEvent): Promise<void> {
    const { track } = event;
    if (event.type === 'ended' || this.held.has(track) || this.asking.has(track)) return;
    this.asking.add(track);
    const claim = `acs.claims.${this.options.name}.${track}`;
    if (!(await this.isAnswered(claim))) this.hold(event, claim);
    this.asking.delete(track);
  }

  private async isAnswered(claim: string): Promise<boolean> {
    try {
      await this.nats.request(claim, '', { timeout: answerMs });
      return true;
    } catch (error) {
      // Without anybody who listens the server says so at once.
      if (error instanceof errors.NoRespondersError) return false;
      if (error instanceof errors.RequestError) return !error.isNoResponders();
      return true;
    }
  }

  private hold(event: ParticipantEvent, claim: string): void {
    const { track, subject } = event;
    const participant = new Participant(event, this.options.folder);
    const held: Held = {
      participant,
      heardMs: performance.now(),
      subscriptions: [
        this.nats.subscribe(claim, { callback: (_error, message) => void message.respond() }),
        this.nats.subscribe(subject, {
          callback: (_error, message) => {
            if (trackOf(message) === track) for (const frame of framesOf(message)) participant.take(frame);
          },
        }),
        this.nats.subscribe(`${subject}.event`, {
          callback: (_error, message) => {
            const news = message.json<ParticipantEvent>();
            if (news.track !== track) return;
            held.heardMs = performance.now();
            if (news.type === 'ended') this.release(track, news);
          },
        }),
      ],
    };
    this.held.set(track, held);
    this.options.onTaken(participant);
  }

  private release(track: string, event: ParticipantEvent | null): void {
    const held = this.held.get(track);
    if (held === undefined) return;
    this.held.delete(track);
    for (const subscription of held.subscriptions) subscription.unsubscribe();
    held.participant.end(event?.frames);
    this.options.onEnded(held.participant, event);
  }

  private dropSilent(): void {
    const nowMs = performance.now();
    for (const [track, { heardMs }] of this.held) if (nowMs - heardMs > silenceMs) this.release(track, null);
  }
}
