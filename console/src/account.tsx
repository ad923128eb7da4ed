/** The account of a stream: what came is what was kept, handled, ignored and dropped, and what each participant's frames were. */
import type { ComponentChildren } from 'preact';
import { count, ms, words } from './format.ts';

type Report = Readonly<Record<string, unknown>>;

function figure(report: Report, name: string): number {
  const value = report[name];
  return typeof value === 'number' ? value : 0;
}

function figures(value: unknown): (readonly [string, number])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
}

const participantFigures = [
  'frames',
  'silentFrames',
  'missingFrames',
  'gaps',
  'duplicateFrames',
  'outOfOrderFrames',
  'jitterMs',
] as const;

export function Account({ report }: { readonly report: Report }) {
  const [messages, committed, control, ignored] = ['messages', 'committed', 'control', 'ignored'].map((name) =>
    figure(report, name),
  ) as [number, number, number, number];
  const reasons = figures(report['dropped']).filter(([, messages]) => messages > 0);
  const dropped = reasons.reduce((sum, [, messages]) => sum + messages, 0);
  const inFlight = messages - committed - control - ignored - dropped;
  const participants = Array.isArray(report['participants']) ? (report['participants'] as Report[]) : [];
  const playback = figures(report['playback']);
  return (
    <section class="panel account" aria-labelledby="account">
      <h2 id="account">Account</h2>
      <p class="sum">
        <Term value={messages} name="messages" />
        <Sign>=</Sign>
        <Term value={committed} name="committed" />
        <Sign>+</Sign>
        <Term value={control} name="control" />
        <Sign>+</Sign>
        <Term value={ignored} name="ignored" />
        <Sign>+</Sign>
        <Term value={dropped} name="dropped" />
        <span class="verdict">{inFlight === 0 ? '✓ all accounted for' : `${count(inFlight)} being decoded`}</span>
      </p>
      {reasons.length > 0 && (
        <p class="bad">
          ▲ dropped: {reasons.map(([reason, messages]) => `${count(messages)} ${words(reason)}`).join(', ')}
        </p>
      )}
      <div class="scrolled" role="region" aria-label="Participants" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Participant</th>
              {participantFigures.map((name) => (
                <th key={name} scope="col">
                  {words(name.replace(/Frames$|Ms$/, ''))}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {participants.map((participant, i) => (
              <tr key={i}>
                <th scope="row">{participantName(participant['id'])}</th>
                {participantFigures.map((name) => (
                  <td key={name}>
                    {name === 'jitterMs' ? ms(figure(participant, name)) : count(figure(participant, name))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {playback.length > 0 && (
        <dl class="facts" aria-label="Playback">
          {playback.map(([name, value]) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>{count(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      <details>
        <summary>All of it, as /streams says it</summary>
        <pre>{JSON.stringify(report, null, 2)}</pre>
      </details>
    </section>
  );
}

export function participantName(id: unknown): string {
  return typeof id === 'string' ? id : 'all, mixed';
}

function Term({ value, name }: { readonly value: number; readonly name: string }) {
  return (
    <span class="term">
      <b>{count(value)}</b> {name}
    </span>
  );
}

function Sign({ children }: { readonly children: ComponentChildren }) {
  return <span class="sign">{children}</span>;
}
