/**
 * The list of calls. Only rows in view exist, and only those are asked for; the height of all of them is a spacer's. One row at a time
 * is in the order of Tab, arrows move between rows, as in any grid.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Row, rowsMax, type SortKey } from '../../src/console/wire.ts';
import { type Column, callName, columns } from './columns.tsx';
import { pure } from './pure.tsx';

/** As in overview.css. */
const rowHeight = 40;
/** Rows beyond the edges, so that a scroll finds some there. */
const beyond = 4;

export interface Range {
  readonly first: number;
  readonly count: number;
}

interface Props {
  readonly found: number;
  readonly first: number;
  readonly rows: readonly Row[];
  readonly now: number;
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly scrollTop: number;
  readonly onSort: (sort: SortKey, descending: boolean) => void;
  readonly onRange: (range: Range, scrollTop: number) => void;
  readonly onOpen: (row: Row) => void;
}

function rangeOf(scrollTop: number, height: number): Range {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - beyond);
  return { first, count: Math.min(rowsMax, Math.ceil(height / rowHeight) + 2 * beyond) };
}

/** The row that an event happened in. */
function indexOf(event: Event): number | null {
  const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
  return row === null ? null : Number(row.dataset['index']);
}

export function Rows(props: Props) {
  const { found, first, rows, now } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  const focusWanted = useRef<number | null>(null);

  const look = () => {
    const element = scroller.current!;
    props.onRange(rangeOf(element.scrollTop, element.clientHeight), element.scrollTop);
  };
  // The list begins where it was left.
  useLayoutEffect(() => {
    const element = scroller.current!;
    element.scrollTop = props.scrollTop;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const focusRow = (index: number) => {
    const element = scroller.current!.querySelector<HTMLElement>(`[data-index="${index}"]`);
    if (element === null) return false;
    element.focus({ preventScroll: true });
    return true;
  };
  // A row that the keyboard went to may not have come yet when it was scrolled to.
  useEffect(() => {
    if (focusWanted.current !== null && focusRow(focusWanted.current)) focusWanted.current = null;
  });
  const goTo = (index: number) => {
    const target = Math.min(found - 1, Math.max(0, index));
    const element = scroller.current!;
    const head = element.querySelector<HTMLElement>('.head')!.offsetHeight;
    const top = target * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight + head > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight + head - element.clientHeight;
    focusWanted.current = focusRow(target) ? null : target;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const index = indexOf(event);
    if (index === null) return;
    const page = Math.max(1, Math.floor(scroller.current!.clientHeight / rowHeight) - 2);
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: found - 1,
    };
    const target = steps[event.key];
    if (target !== undefined) {
      event.preventDefault();
      goTo(target);
    } else if (event.key === 'Enter') open(index);
  };
  const open = (index: number | null) => {
    const row = index === null ? undefined : rows[index - first];
    if (row !== undefined) props.onOpen(row);
  };

  const activeIsShown = rows.some(({ id }) => id === active);
  return (
    <div
      class="rows"
      ref={scroller}
      role="grid"
      aria-label="Calls"
      aria-rowcount={found + 1}
      aria-colcount={columns.length}
      tabIndex={rows.length === 0 ? 0 : -1}
      onScroll={look}
      onFocusIn={(event) => setActive(rows[(indexOf(event) ?? -1) - first]?.id ?? active)}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest('a') === null) open(indexOf(event));
      }}
      onKeyDown={onKeyDown}
    >
      <div class="head" role="rowgroup">
        <div class="row" role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <Heading key={column.name} column={column} {...props} />
          ))}
        </div>
      </div>
      <div class="body" role="rowgroup" style={{ height: `${found * rowHeight}px` }}>
        {rows.map((row, i) => (
          <RowView
            key={row.id}
            row={row}
            index={first + i}
            isTabStop={row.id === active || (!activeIsShown && i === 0)}
            now={now}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly row: Row;
  readonly index: number;
  readonly isTabStop: boolean;
  readonly now: number;
}

const RowView = pure(({ row, index, isTabStop, now }: RowProps) => (
  <div
    class={row.state === 'open' ? 'row' : `row is-${row.state}`}
    role="row"
    aria-rowindex={index + 2}
    aria-label={`call ${callName(row)}`}
    data-index={index}
    tabIndex={isTabStop ? 0 : -1}
    style={{ transform: `translateY(${index * rowHeight}px)` }}
  >
    {columns.map(({ name, cell }) => (
      <div key={name} class={`cell ${name}`} role="gridcell">
        {cell(row, now)}
      </div>
    ))}
  </div>
));

interface HeadingProps extends Pick<Props, 'sort' | 'descending' | 'onSort'> {
  readonly column: Column;
}

function Heading({ column, sort, descending, onSort }: HeadingProps) {
  const isSorted = column.sort === sort;
  const isDown = descending !== (column.isReversed === true);
  // What is sorted by first is what is looked for: the longest, the loudest, the worst; names from A to Z.
  const startsDown = !['callId', 'label', 'mode', 'state'].includes(column.sort);
  const click = () => {
    const down = isSorted ? !isDown : startsDown;
    onSort(column.sort, down !== (column.isReversed === true));
  };
  return (
    <div
      class={`cell ${column.name}`}
      role="columnheader"
      aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" onClick={click}>
        {column.heading}
        <span aria-hidden="true">{isSorted ? (isDown ? ' ▼' : ' ▲') : ''}</span>
      </button>
    </div>
  );
}
