/**
 * The agent of one call: one session of the model after the other, for as long as the call lasts. Worker thread. Invariant: after
 * `hangUp` no socket, no timer, no utterance is left.
 */
import { type PlaybackHandle, PlaybackWriter, type Track } from '../../src/index.ts';
import type { Listener } from '../audio/reading-loop.ts';
import { Ear } from './ear.ts';
import { History } from './history.ts';
import { HoldTone } from './hold-tone.ts';
import type { Tell } from './messages.ts';
import { Session } from './session.ts';
import type { AgentSettings } from './settings.ts';
import { Speech } from './speech.ts';
import { tools } from './tools.ts';

export interface AgentOptions {
  readonly settings: AgentSettings;
  readonly playback: PlaybackHandle;
  readonly tell: Tell;
}

/** What the call says while there is no session: so much is kept for the next one. Pieces of 40 ms. */
const waitingPiecesMax = 125;
/** With `--turns local` the model gets what is said, and so much before it. */
const beforeVoicePieces = 8;
const retryMs = { first: 250, most: 8_000 } as const;
const readyMsMax = 15_000;
/** The caller comes back within that, in another ring, if only the sample rate has changed. */
const goneMs = 500;
/** A session that lived that long was a good one. */
const goodSessionMs = 10_000;
const renewalLookMs = 500;

const resumed =
  'The connection to you broke off for a moment, and the caller may have heard only the beginning of your last answer. Say so in a few words and go on.';

export class Agent {
  isOver = false;
  private readonly options: AgentOptions;
  private readonly history = new History();
  private readonly holdTone = new HoldTone();
  private playback: PlaybackWriter;
  private speech: Speech;
  private session: Session;
  private sessionSince = performance.now();
  private attempts = 0;
  private timer: NodeJS.Timeout | null = null;
  private gone: NodeJS.Timeout | null = null;
  private waiting: string[] = [];
  private callerSpeaks = false;
  /** The caller has ended while nobody listened. */
  private owesCommit = false;
  /** What the next session is to say first. */
  private opening: string;

  constructor(options: AgentOptions) {
    this.options = options;
    this.opening = options.settings.greeting;
    this.playback = new PlaybackWriter(options.playback);
    this.speech = new Speech(this.playback);
    this.session = this.open();
  }

  /** The call's sample rate has changed: there is another way in. */
  moveTo(playback: PlaybackHandle): void {
    this.playback = new PlaybackWriter(playback);
    this.speech = new Speech(this.playback);
    this.replace('the sample rate of the call has changed');
  }

  /** What listens to a participant. */
  listener(track: Track): Listener {
    if (this.gone !== null) clearTimeout(this.gone);
    const isLocal = this.options.settings.turns === 'local';
    return new Ear(track, {
      heard: (audio) => this.hear(audio),
      ended: () => this.callerGone(),
      voice: isLocal ? (isActive) => this.voice(isActive) : null,
    });
  }

  /** The gateway says so as well, once every reader of all that was sent and heard has finished: that may take ten seconds. */
  private callerGone(): void {
    this.gone = setTimeout(() => this.hangUp(), goneMs);
  }

  hangUp(): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.gone !== null) clearTimeout(this.gone);
    if (this.timer !== null) clearTimeout(this.timer);
    this.holdTone.stop();
    this.session.close();
    this.speech.cut();
    this.options.tell({ type: 'ended' });
  }

  private open(): Session {
    const { settings, playback, tell } = this.options;
    const { streamId, callConnectionId } = playback;
    this.sessionSince = performance.now();
    this.timer = setTimeout(() => this.replace('it did not get ready'), readyMsMax);
    return new Session({
      settings,
      tools,
      call: { streamId, callConnectionId },
      speech: this.speech,
      history: this.history,
      tell,
      ready: () => this.ready(),
      closed: (reason) => this.lost(reason),
    });
  }

  private ready(): void {
    const { settings, tell } = this.options;
    tell({ type: 'connected' });
    this.holdTone.stop();
    this.flush();
    if (this.owesCommit) this.session.commit();
    else if (this.opening !== '' && !this.callerSpeaks) this.session.turns.request(this.opening);
    this.owesCommit = false;
    this.opening = '';
    clearTimeout(this.timer!);
    this.timer = setTimeout(() => this.renew(), settings.sessionMinutes * 60_000);
  }

  /** The rest of what it had said is heard; then the next session continues. */
  private lost(reason: string): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.speech.endAll();
    this.holdTone.start(this.playback);
    if (this.session.turns.isAnswering) this.opening = resumed;
    if (performance.now() - this.sessionSince > goodSessionMs) this.attempts = 0;
    const longestMs = Math.min(retryMs.most, retryMs.first * 2 ** this.attempts++);
    // Not all agents at once.
    const waitMs = Math.round(longestMs * (0.5 + Math.random() / 2));
    this.options.tell({ type: 'lost', reason, retryMs: waitMs });
    this.timer = setTimeout(() => {
      this.session = this.open();
    }, waitMs);
  }

  /** A session has a longest life. It is replaced while nobody would notice. */
  private renew(): void {
    if (this.session.isIdle && !this.playback.isPlaying) this.replace('it was old');
    else this.timer = setTimeout(() => this.renew(), renewalLookMs);
  }

  private replace(reason: string): void {
    this.session.close();
    this.lost(reason);
  }

  private hear(audio: string): void {
    const { turns } = this.options.settings;
    const isWanted = turns !== 'local' || this.callerSpeaks;
    this.waiting.push(audio);
    if (this.session.isReady && isWanted) this.flush();
    const keep = this.session.isReady ? beforeVoicePieces : waitingPiecesMax;
    if (this.waiting.length > keep) this.waiting.splice(0, this.waiting.length - keep);
  }

  private flush(): void {
    for (const audio of this.waiting) this.session.hear(audio);
    this.waiting = [];
  }

  private voice(isActive: boolean): void {
    if (isActive === this.callerSpeaks) return;
    this.callerSpeaks = isActive;
    if (isActive) this.session.callerBegan();
    else if (this.session.isReady) this.session.commit();
    else this.owesCommit = true;
  }
}
