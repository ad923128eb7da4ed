/**
 * All rows as pages want to see them: searched, sorted, and of these the ones that are visible. An order holds for half a second: rows that change
 * places ten times a second cannot be read, and pages that want the same share it. Console thread.
 */
import type { KnownStream, KnownStreams } from './known-streams.ts';
import { LevelSweep } from './level-sweep.ts';
import type { Overview, SortKey, Totals, WantOverview } from './wire.ts';

const orderMs = 500;
const unusedMs = 2_000;

interface Order {
  readonly streams: readonly KnownStream[];
  readonly sortedMs: number;
  usedMs: number;
}

type KeyOf = (stream: KnownStream, nowMs: number) => number | string;

export class Overviews {
  private readonly known: KnownStreams;
  private readonly orders = new Map<string, Order>();
  private readonly keys: Readonly<Record<SortKey, KeyOf>>;

  constructor(known: KnownStreams) {
    this.known = known;
    const levels = new LevelSweep(known);
    this.keys = {
      connectedAt: ({ facts }) => facts.connectedMs,
      callId: ({ facts }) => facts.callId ?? '',
      label: ({ labelText }) => labelText,
      mode: (stream) => known.mode(stream),
      sampleRate: (stream) => known.sampleRate(stream) ?? 0,
      participants: ({ tracks }) => tracks.length,
      level: (stream, nowMs) => levels.level(stream, nowMs),
      jitter: (stream) => known.jitterMs(stream),
      missing: (stream) => known.missingFrames(stream),
      state: (stream) => known.state(stream),
      speaking: (stream) => (known.isSpeaking(stream) ? 1e9 : 0) + known.queuedMs(stream),
    };
  }

  of(want: WantOverview, totals: Totals, nowMs: number): Overview {
    // What ended since then is no row any more.
    const streams = this.order(want, nowMs).filter(({ facts }) => this.known.byId.has(facts.id));
    const first = Math.min(want.first, streams.length);
    const rows = streams.slice(first, first + want.count).map((stream) => this.known.row(stream, nowMs));
    return { update: 'overview', totals, found: streams.length, first, rows };
  }

  /** Forgets what no page wants any more. */
  tidy(nowMs: number): void {
    for (const [key, { usedMs }] of this.orders) if (nowMs - usedMs > unusedMs) this.orders.delete(key);
  }

  private order({ sort, descending, search, states }: WantOverview, nowMs: number): readonly KnownStream[] {
    const key = JSON.stringify([sort, descending, search, states]);
    const order = this.orders.get(key);
    if (order !== undefined && nowMs - order.sortedMs < orderMs) {
      order.usedMs = nowMs;
      return order.streams;
    }
    const found = this.found(search.toLowerCase(), new Set(states));
    const keyOf = this.keys[sort];
    const sorted = found.map((stream) => ({ stream, key: keyOf(stream, nowMs) }));
    const sign = descending ? -1 : 1;
    sorted.sort((a, b) => {
      if (a.key !== b.key) return a.key < b.key ? -sign : sign;
      return a.stream.facts.connectedMs - b.stream.facts.connectedMs;
    });
    const streams = sorted.map(({ stream }) => stream);
    this.orders.set(key, { streams, sortedMs: nowMs, usedMs: nowMs });
    return streams;
  }

  private found(search: string, states: ReadonlySet<string>): KnownStream[] {
    const found: KnownStream[] = [];
    for (const stream of this.known.byId.values()) {
      if (states.size > 0 && !states.has(this.known.state(stream))) continue;
      if (search === '' || stream.text.includes(search)) found.push(stream);
    }
    return found;
  }
}
