/** The lanes of a call, one below the other on the same minute: each participant, what the gateway says, and the times below them. */
import type { Call, CallTrack } from '../../src/console/wire.ts';
import { participantName } from './account.tsx';
import type { CallHistory } from './call-history.ts';
import { Canvas } from './canvas.tsx';
import { Figure, jitterMsHigh } from './columns.tsx';
import { drawLane } from './draw-lane.ts';
import { drawTimes } from './draw-times.ts';
import { count, decibels, framesAsTime, ms } from './format.ts';
import type { History, Minute } from './history.ts';
import type { Listening } from './listening.tsx';
import { drawMeters } from './meters.ts';

interface Props {
  readonly call: Call;
  readonly history: CallHistory;
  readonly listening: Listening;
  readonly mayListen: boolean;
}

export function Lanes({ call, history, listening, mayListen }: Props) {
  const { now } = call;
  return (
    <section class="panel lanes" aria-label="The last minute">
      {call.tracks.map((track) => (
        <Lane
          key={track.participant}
          track={track}
          history={history.track(track.participant)}
          now={now}
          listening={listening}
          mayListen={mayListen}
        />
      ))}
      {call.spoken !== null && <SpokenLane call={call} history={history} />}
      <div class="lane times">
        <div class="who">
          <b>Worst of all</b>
          <span class="key jitter">jitter: the network</span>
          <span class="key residence">residence: this gateway</span>
        </div>
        <Canvas
          class="wave"
          label={`jitter and residence, the last minute; jitter now ${ms(call.row.jitterMs)}`}
          draw={(context, width, height) => drawTimes(context, width, height, history.all(), now)}
        />
      </div>
      <Legend hasPlayback={call.spoken !== null} />
    </section>
  );
}

function SpokenLane({ call: { row, now }, history: { spoken, cutsAt } }: Pick<Props, 'call' | 'history'>) {
  const minute = spoken.minute(now);
  return (
    <div class="lane spoken" role="group" aria-label="Playback">
      <div class="who">
        <b>Playback</b>
        <span class="dim">{row.playback?.isSpeaking ? '◀︎ speaking' : 'quiet'}</span>
        <span class="dim">{framesAsTime((row.playback?.queuedMs ?? 0) / 20)} queued</span>
      </div>
      <Canvas
        class="wave"
        label={`what the gateway says, the last minute: ${minute.turns.length} turns, ${cutsAt.length} cuts`}
        draw={(context, width, height) =>
          drawLane(context, width, height, { history: spoken, minute, now, isSpoken: true, cutsAt })
        }
      />
    </div>
  );
}

interface LaneProps extends Pick<Props, 'listening' | 'mayListen'> {
  readonly track: CallTrack;
  readonly history: History;
  readonly now: number;
}

function Lane({ track, history, now, listening, mayListen }: LaneProps) {
  const name = participantName(track.id);
  const isHeard = listening.voice === track.participant;
  const minute = history.minute(now);
  return (
    <div class={isHeard ? 'lane heard' : 'lane'} role="group" aria-label={name}>
      <div class="who">
        <b title={name}>{name}</b>
        <Canvas
          class="meters"
          label={`level: ${decibels(track.level)}`}
          draw={(context, width, height) => drawMeters(context, width, height, [track.level])}
        />
        <span class="dim">
          jitter <Figure text={ms(track.jitterMs)} isHigh={track.jitterMs > jitterMsHigh} />,{' '}
          {count(track.missingFrames)} missing
        </span>
        {mayListen && (
          <button
            type="button"
            class="small"
            aria-pressed={isHeard}
            aria-label={`Listen to ${name}`}
            onClick={() => listening.toggle(track.participant)}
          >
            {isHeard ? '■ Stop' : '▶ Listen'}
          </button>
        )}
      </div>
      <Canvas
        class="wave"
        label={describe(minute)}
        draw={(context, width, height) =>
          drawLane(context, width, height, { history, minute, now, isSpoken: false, cutsAt: [] })
        }
      />
    </div>
  );
}

function describe({ turns, holes }: Minute): string {
  const spoken = turns.reduce((sum, turn) => sum + turn.to - turn.from, 0);
  const gaps = holes.filter(({ is }) => is === 'gap').length;
  return `the last minute: ${turns.length} turns, ${framesAsTime(spoken)} of speech, ${gaps} gaps, ${holes.length - gaps} pauses`;
}

function Legend({ hasPlayback }: { readonly hasPlayback: boolean }) {
  return (
    <ul class="legend" aria-label="Legend">
      <li class="turn">speaking turn</li>
      <li class="gap">gap: frames are missing</li>
      <li class="silence">flagged silence</li>
      <li class="pause">pause: nothing was sent</li>
      {hasPlayback && <li class="cut">cut by the caller</li>}
    </ul>
  );
}
