/**
 * The loop of the console's thread: ten times a second an update for each page that has read the last one, and every ten milliseconds what listeners
 * hear, while there are any. With more to do than its share of a core allows, updates come less often. Console thread.
 */
import { consoleLimits } from '../base/console-limits.ts';
import { SharedMemory } from '../memory/shared-memory.ts';
import { ThreadMetrics } from '../thread/thread-metrics.ts';
import { threadTimeMs } from '../thread/thread-time.ts';
import { CallView } from './call-view.ts';
import { KnownStreams } from './known-streams.ts';
import { LaneResidence } from './lane-residence.ts';
import { type Ear, type Listening, ParticipantListening } from './listening.ts';
import type { ConsoleWorkerData, FromConsole, ToConsole } from './messages.ts';
import { MixedListening } from './mixer.ts';
import { Overviews } from './overview.ts';
import { StreamStates } from './stream-states.ts';
import { ConsoleTotals } from './totals.ts';
import { stampBytes, type Totals, type Update, type Want } from './wire.ts';

/** Half a frame: a frame waits for less than that. */
const listenMs = 10;

interface Page {
  want: Want | null;
  /** It has read its last update. */
  isReady: boolean;
  /** Of the call that it looks at. */
  view: CallView | null;
}

export type Tell = (message: FromConsole, transfer?: readonly ArrayBuffer[]) => void;

export class ConsoleLoop {
  private readonly known: KnownStreams;
  private readonly overviews: Overviews;
  private readonly totals: ConsoleTotals;
  private readonly residence: LaneResidence;
  private readonly tell: Tell;
  private readonly pages = new Map<number, Page>();
  private readonly listenings = new Map<number, Listening>();
  private readonly encoder = new TextEncoder();
  private listenTimer: NodeJS.Timeout | null = null;

  constructor({ memory: handle, states, mainMetrics }: ConsoleWorkerData, tell: Tell) {
    const memory = SharedMemory.attach(handle);
    this.tell = tell;
    this.known = new KnownStreams(memory, new StreamStates(states));
    this.overviews = new Overviews(this.known);
    this.totals = new ConsoleTotals(memory, this.known, new ThreadMetrics(new Float64Array(mainMetrics)));
    this.residence = new LaneResidence(memory);
  }

  start(): void {
    this.update();
  }

  take(message: ToConsole): void {
    switch (message.type) {
      case 'opened':
      case 'gone':
      case 'tracks':
      case 'report':
        this.known.take(message);
        return;
      case 'totals':
        this.totals.main = message.totals;
        return;
      case 'want':
        this.want(message.viewer, message.want);
        return;
      case 'take':
        this.page(message.viewer).isReady = true;
        return;
      case 'left':
        this.pages.delete(message.viewer);
        return;
      case 'listen':
        this.listen(message.listener, message.id, message.participant);
        return;
      case 'unlisten':
        this.unlisten(message.listener);
        return;
    }
  }

  private page(viewer: number): Page {
    let page = this.pages.get(viewer);
    if (page === undefined) {
      page = { want: null, isReady: false, view: null };
      this.pages.set(viewer, page);
    }
    return page;
  }

  private want(viewer: number, want: Want): void {
    const page = this.page(viewer);
    // Asked again for the same call, it continues where it was.
    if (want.want !== 'call' || page.view?.stream.facts.id !== want.stream) page.view = null;
    page.want = want;
  }

  private update(): void {
    const nowMs = performance.now();
    const beganMs = threadTimeMs();
    this.residence.look();
    // Every time, wanted or not: rates are over what was seen.
    const totals = this.totals.read(nowMs);
    for (const [viewer, page] of this.pages) {
      if (!page.isReady || page.want === null) continue;
      const update = this.updateOf(page, page.want, totals, nowMs);
      if (update === null) continue;
      page.isReady = false;
      const bytes = this.encoder.encode(JSON.stringify(update));
      this.tell({ type: 'update', viewer, bytes }, [bytes.buffer]);
    }
    this.overviews.tidy(nowMs);
    // By the processor's time: a thread that is kept waiting has used nothing.
    const restMs = (threadTimeMs() - beganMs) / consoleLimits.share;
    const dueMs = nowMs + Math.max(consoleLimits.updateMs, restMs);
    setTimeout(() => this.update(), Math.max(0, dueMs - performance.now()));
  }

  private updateOf(page: Page, want: Want, totals: Totals, nowMs: number): Update | null {
    if (want.want === 'overview') return this.overviews.of(want, totals, nowMs);
    const stream = this.known.byId.get(want.stream);
    // The main thread says when it is gone.
    if (stream === undefined) return null;
    if (page.view?.stream !== stream) page.view = new CallView(this.known, stream);
    return page.view.update(nowMs, this.residence.ofLane(stream.facts.lane));
  }

  private listen(listener: number, id: string, participant: number | null): void {
    const stream = this.known.byId.get(id);
    if (stream === undefined) {
      this.tell({ type: 'over', listener });
      return;
    }
    const ear = this.ear(listener, participant);
    const listening =
      participant === null
        ? new MixedListening(stream, () => this.known.cutMs(stream), ear)
        : new ParticipantListening(stream, participant, ear, this.known.frame);
    this.listenings.set(listener, listening);
    this.listenTimer ??= setInterval(() => this.listenAll(), listenMs);
  }

  private unlisten(listener: number): void {
    this.listenings.delete(listener);
    if (this.listenings.size > 0 || this.listenTimer === null) return;
    clearInterval(this.listenTimer);
    this.listenTimer = null;
  }

  private listenAll(): void {
    const nowMs = performance.now();
    for (const [listener, listening] of this.listenings) {
      if (listening.turn(nowMs, this.known.frame) === 'open') continue;
      this.tell({ type: 'over', listener });
      this.unlisten(listener);
    }
  }

  private ear(listener: number, participant: number | null): Ear {
    return {
      head: (sampleRate) => this.tell({ type: 'head', listener, head: { sampleRate, participant } }),
      sound: (arrivalMs, samples) => {
        const bytes = new Uint8Array(stampBytes + samples.byteLength);
        new DataView(bytes.buffer).setFloat64(0, performance.timeOrigin + arrivalMs, true);
        bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), stampBytes);
        this.tell({ type: 'sound', listener, bytes }, [bytes.buffer]);
      },
    };
  }
}
