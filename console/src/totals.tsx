/** The figures of the whole gateway, above the calls. */
import { useRef } from 'preact/hooks';
import type { SinkRow, Totals } from '../../src/console/wire.ts';
import { Canvas } from './canvas.tsx';
import { count, ms, words } from './format.ts';
import { pure } from './pure.tsx';
import { Trace } from './spark.ts';

/** A minute of ten updates a second. */
const tracePoints = 600;

/** Beyond these a figure is marked; those of the alerts in grafana/ are stricter, over longer times. */
const residenceMsHigh = 20;
const eventLoopDelayMsHigh = 50;

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly detail?: string;
  readonly isHigh?: boolean;
  readonly trace?: Trace;
}

function Tile({ name, value, detail, isHigh = false, trace }: TileProps) {
  return (
    <div class={isHigh ? 'tile high' : 'tile'} role="group" aria-label={name}>
      <span class="name" title={name}>
        {name}
      </span>
      <span class="value">
        {isHigh && <span title="high">▲ </span>}
        {value}
      </span>
      <span class="detail">{detail ?? ' '}</span>
      {trace !== undefined && (
        <Canvas class="spark" label={`${name}, the last minute`} draw={(...surface) => trace.draw(...surface)} />
      )}
    </div>
  );
}

function droppedDetail(dropped: Totals['dropped']): string {
  const reasons = Object.entries(dropped).sort(([, a], [, b]) => b - a);
  if (reasons.length === 0) return 'none since the start';
  return reasons.map(([reason, messages]) => `${count(messages)} ${words(reason)}`).join(', ');
}

function sinkDetail({ isReady, lappedFrames }: SinkRow): string {
  const lost = lappedFrames === 0 ? 'none lost' : `${count(lappedFrames)} lost`;
  return isReady ? `frames unread, ${lost}` : `not ready, ${lost}`;
}

export const TotalsBar = pure(({ totals }: { readonly totals: Totals | null }) => {
  const traces = useRef({
    frames: new Trace(tracePoints),
    residence: new Trace(tracePoints),
    eventLoop: new Trace(tracePoints),
    atMs: 0,
  });
  if (totals === null) return <section class="totals" aria-label="Totals" aria-busy="true" />;
  const { frames, residence, eventLoop } = traces.current;
  if (totals.atMs !== traces.current.atMs) {
    traces.current.atMs = totals.atMs;
    frames.add(totals.framesPerSecond);
    residence.add(totals.residenceP99Ms);
    eventLoop.add(totals.eventLoopDelayP99Ms);
  }
  const dropped = Object.values(totals.dropped).reduce((sum, messages) => sum + messages, 0);
  return (
    <section class="totals" aria-label="Totals" tabIndex={0}>
      <Tile name="streams" value={count(totals.streams)} detail={`${count(totals.participants)} participants`} />
      <Tile name="frames per second" value={count(totals.framesPerSecond)} trace={frames} />
      <Tile
        name="messages dropped"
        value={count(dropped)}
        detail={droppedDetail(totals.dropped)}
        isHigh={dropped > 0}
      />
      <Tile
        name="residence, p99"
        value={ms(totals.residenceP99Ms)}
        isHigh={(totals.residenceP99Ms ?? 0) > residenceMsHigh}
        trace={residence}
      />
      <Tile
        name="event-loop delay, p99"
        value={ms(totals.eventLoopDelayP99Ms)}
        isHigh={(totals.eventLoopDelayP99Ms ?? 0) > eventLoopDelayMsHigh}
        trace={eventLoop}
      />
      <Tile
        name="spoken to"
        value={count(totals.speakingStreams)}
        detail={totals.listeners === 1 ? '1 listener' : `${totals.listeners} listeners`}
      />
      {totals.sinks.map((sink) => (
        <Tile
          key={sink.name}
          name={`sink ${sink.name}`}
          value={count(sink.unreadFrames)}
          detail={sinkDetail(sink)}
          isHigh={!sink.isReady || sink.lappedFrames > 0}
        />
      ))}
    </section>
  );
});
