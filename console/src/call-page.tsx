/** One call: who it is, its last minute, its account, its recordings; and listening to it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Call } from '../../src/console/wire.ts';
import { Account, participantName } from './account.tsx';
import { allCallsAddress } from './addresses.ts';
import { CallHistory } from './call-history.ts';
import { callName, Labels, State } from './columns.tsx';
import { clock, duration, kilohertz } from './format.ts';
import { Lanes } from './lanes.tsx';
import { ListeningBar, useListening } from './listening.tsx';
import type { Live } from './live.ts';

interface Props {
  readonly live: Live;
  readonly stream: string;
  readonly mayListen: boolean;
}

export function CallPage({ live, stream, mayListen }: Props) {
  const history = useRef(new CallHistory());
  const [call, setCall] = useState<Call | null>(null);
  const [isGone, setIsGone] = useState(false);
  const listening = useListening(stream);
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    const end = live.listen((update) => {
      if (update.update === 'gone' && update.stream === stream) setIsGone(true);
      if (update.update !== 'call' || update.row.id !== stream) return;
      history.current.add(update);
      setIsGone(false);
      setCall(update);
    });
    live.want({ want: 'call', stream });
    return end;
  }, [live, stream]);
  useEffect(() => {
    heading.current?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') location.hash = allCallsAddress;
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const name = call === null ? stream : callName(call.row);
  useEffect(() => {
    document.title = `${name}: live calls`;
  }, [name]);

  const heard = call?.tracks.find(({ participant }) => participant === listening.voice);
  return (
    <div class="one-call">
      <div class="title">
        <a class="back" href={allCallsAddress}>
          ← All calls
        </a>
        <h1 ref={heading} tabIndex={-1}>
          {name}
        </h1>
        {call !== null && !isGone && <State state={call.row.state} />}
        {call !== null && <Labels labels={call.row.labels} />}
      </div>
      {isGone && (
        <p class="gone" role="status">
          {call === null ? 'There is no such call any more.' : 'This call has ended. What you see is its last minute.'}
        </p>
      )}
      {call === null && !isGone && <p class="empty">Waiting for the call…</p>}
      {call !== null && (
        <>
          <Facts call={call} />
          {!isGone && (
            <ListeningBar
              listening={listening}
              mayListen={mayListen}
              voices={call.tracks.length}
              name={heard === undefined ? null : participantName(heard.id)}
            />
          )}
          <Lanes call={call} history={history.current} listening={listening} mayListen={mayListen && !isGone} />
          <div class="columns">
            <Account report={call.report} />
            <Recordings names={call.recordings} />
          </div>
        </>
      )}
    </div>
  );
}

function Facts({ call }: { readonly call: Call }) {
  const { row } = call;
  const lasted =
    call.startedAt === null ? null : Date.parse(call.startedAt) - Date.parse(row.connectedAt) + call.now * 20;
  const facts: readonly (readonly [string, string])[] = [
    ['duration', lasted === null ? 'no audio yet' : duration(lasted)],
    ['connected', clock(row.connectedAt)],
    ['mode', row.mode],
    ['rate', kilohertz(row.sampleRate)],
    ['correlation id', row.correlationId ?? '–'],
    ['stream', row.id],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Recordings({ names }: { readonly names: readonly string[] }) {
  return (
    <section class="panel recordings" aria-labelledby="recordings">
      <h2 id="recordings">Recordings</h2>
      {names.length === 0 ? (
        <p class="dim">None is known yet: a sink names its files when it closes them.</p>
      ) : (
        <ul>
          {names.map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
