/** What a row of the overview shows of a call: each column with its heading, the key that sorts by it, and its cell. */
import type { ComponentChildren } from 'preact';
import type { Row, SortKey } from '../../src/console/wire.ts';
import { callAddress } from './addresses.ts';
import { Canvas } from './canvas.tsx';
import { count, duration, kilohertz, ms } from './format.ts';
import { describeLevels, drawMeters } from './meters.ts';

/** Beyond this a listener hears it unless something evens it out. */
export const jitterMsHigh = 20;

export interface Column {
  readonly name: string;
  readonly heading: string;
  readonly sort: SortKey;
  /** Sorting by the key the other way round is what sorts by what is shown. */
  readonly isReversed?: boolean;
  readonly cell: (row: Row, now: number) => ComponentChildren;
}

export function callName(row: Row): string {
  return row.callId ?? row.id;
}

/** Never by colour alone: each state has a sign and its name. */
const stateSigns: Readonly<Record<string, string>> = {
  open: '●',
  stalled: '▲',
  waiting: '◌',
  ending: '◐',
  lingering: '◑',
};
export const states: readonly string[] = Object.keys(stateSigns);

export function State({ state }: { readonly state: string }) {
  return (
    <span class={`state ${Object.hasOwn(stateSigns, state) ? state : ''}`}>
      <span aria-hidden="true">{stateSigns[state] ?? '○'}</span> {state}
    </span>
  );
}

export function Labels({ labels }: { readonly labels: Row['labels'] }) {
  return Object.entries(labels).map(([name, value]) => (
    <span key={name} class="label" title={`${name}: ${value}`}>
      {value}
    </span>
  ));
}

/** A figure that is too high, also for those who see no colour. */
export function Figure({ text, isHigh }: { readonly text: string; readonly isHigh: boolean }) {
  return isHigh ? (
    <b class="high">
      <span title="high">▲</span> {text}
    </b>
  ) : (
    text
  );
}

export function Speaking({ playback }: { readonly playback: Row['playback'] }) {
  if (playback === null) return <span class="dim">–</span>;
  if (!playback.isSpeaking) return <span class="dim">quiet</span>;
  return (
    <span class="speaking">
      <span aria-hidden="true">◀︎</span> speaking
    </span>
  );
}

export const columns: readonly Column[] = [
  {
    name: 'call',
    heading: 'Call',
    sort: 'callId',
    cell: (row) => (
      <a href={callAddress(row.id)} tabIndex={-1} title={callName(row)}>
        {callName(row)}
      </a>
    ),
  },
  { name: 'labels', heading: 'Labels', sort: 'label', cell: ({ labels }) => <Labels labels={labels} /> },
  {
    name: 'levels',
    heading: 'Levels',
    sort: 'level',
    cell: ({ levels }) => (
      <Canvas
        class="meters"
        label={describeLevels(levels)}
        draw={(context, width, height) => drawMeters(context, width, height, levels)}
      />
    ),
  },
  { name: 'participants', heading: 'People', sort: 'participants', cell: ({ participants }) => count(participants) },
  { name: 'mode', heading: 'Mode', sort: 'mode', cell: ({ mode }) => mode },
  { name: 'rate', heading: 'Rate', sort: 'sampleRate', cell: ({ sampleRate }) => kilohertz(sampleRate) },
  {
    name: 'duration',
    heading: 'Duration',
    sort: 'connectedAt',
    isReversed: true,
    cell: ({ connectedAt }, now) => duration(now - Date.parse(connectedAt)),
  },
  {
    name: 'jitter',
    heading: 'Jitter',
    sort: 'jitter',
    cell: ({ jitterMs }) => <Figure text={ms(jitterMs)} isHigh={jitterMs > jitterMsHigh} />,
  },
  {
    name: 'missing',
    heading: 'Missing',
    sort: 'missing',
    cell: ({ missingFrames, droppedMessages }) => (
      <>
        <span class={missingFrames === 0 ? 'dim' : ''}>{count(missingFrames)}</span>
        {droppedMessages > 0 && (
          <span title="messages that the gateway dropped">
            {' '}
            <Figure text={`+${count(droppedMessages)}`} isHigh={true} />
          </span>
        )}
      </>
    ),
  },
  { name: 'playback', heading: 'Playback', sort: 'speaking', cell: ({ playback }) => <Speaking playback={playback} /> },
  { name: 'state', heading: 'State', sort: 'state', cell: ({ state }) => <State state={state} /> },
];
