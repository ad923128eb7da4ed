/** All calls: totals, what is looked for, the list. How it was left is how it is found again. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Overview as OverviewUpdate, searchCharsMax, type WantOverview } from '../../src/console/wire.ts';
import { callAddress } from './addresses.ts';
import { states } from './columns.tsx';
import { count } from './format.ts';
import type { Live } from './live.ts';
import { type Range, Rows } from './rows.tsx';
import { TotalsBar } from './totals.tsx';

type Asked = Omit<WantOverview, 'want'>;

/** Beyond the life of the component: one call is looked at, then the list again. */
let left: { readonly asked: Asked; readonly scrollTop: number; readonly found: number } = {
  asked: { sort: 'connectedAt', descending: true, search: '', states: [], first: 0, count: 40 },
  scrollTop: 0,
  found: 0,
};

export function Overview({ live }: { readonly live: Live }) {
  const [update, setUpdate] = useState<OverviewUpdate | null>(null);
  const [asked, setAsked] = useState(left.asked);
  const search = useRef<HTMLInputElement>(null);

  useEffect(
    () =>
      live.listen((update) => {
        if (update.update !== 'overview') return;
        left = { ...left, found: update.found };
        setUpdate(update);
      }),
    [live],
  );
  useEffect(() => live.want({ want: 'overview', ...asked }), [live, asked]);
  useEffect(() => {
    document.title = 'Live calls';
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      search.current?.focus();
      search.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  const ask = (change: Partial<Asked>) => {
    setAsked((before) => {
      const asked = { ...before, ...change };
      left = { ...left, asked };
      return asked;
    });
  };
  const onRange = ({ first, count }: Range, scrollTop: number) => {
    left = { ...left, scrollTop };
    if (first !== left.asked.first || count !== left.asked.count) ask({ first, count });
  };
  const toggle = (state: string) => {
    const { states } = asked;
    ask({ states: states.includes(state) ? states.filter((other) => other !== state) : [...states, state] });
  };
  const onSearchKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    if (asked.search === '') search.current?.blur();
    else ask({ search: '' });
  };

  const totals = update?.totals ?? null;
  return (
    <>
      <h1 class="hidden">Live calls</h1>
      <TotalsBar totals={totals} />
      <search class="filters">
        <input
          ref={search}
          type="search"
          aria-label="Search ids and labels"
          placeholder="Search ids and labels ( / )"
          maxLength={searchCharsMax}
          value={asked.search}
          onInput={(event) => ask({ search: event.currentTarget.value })}
          onKeyDown={onSearchKey}
        />
        <fieldset class="states">
          <legend class="hidden">States</legend>
          {states.map((state) => (
            <button
              key={state}
              type="button"
              class="chip"
              aria-pressed={asked.states.includes(state)}
              onClick={() => toggle(state)}
            >
              {state}
            </button>
          ))}
        </fieldset>
        <span class="found dim" role="status">
          {update === null ? 'loading' : `${count(update.found)} of ${count(update.totals.streams)} calls`}
        </span>
      </search>
      <Rows
        found={update?.found ?? left.found}
        first={update?.first ?? 0}
        rows={update?.rows ?? []}
        now={totals?.atMs ?? Date.now()}
        sort={asked.sort}
        descending={asked.descending}
        scrollTop={left.scrollTop}
        onSort={(sort, descending) => ask({ sort, descending })}
        onRange={onRange}
        onOpen={(row) => {
          location.hash = callAddress(row.id);
        }}
      />
      {update !== null && update.found === 0 && <p class="empty">{emptyText(update.totals.streams)}</p>}
    </>
  );
}

function emptyText(streams: number): string {
  return streams === 0
    ? 'No call is connected. They appear here as they come.'
    : 'No call matches the search and the states.';
}
