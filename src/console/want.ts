/** What a page may ask for, checked: it is a peer like any other. Pure; main thread. */
import {
  rowsMax,
  type SortKey,
  searchCharsMax,
  sortKeys,
  type Want,
  type WantCall,
  type WantOverview,
} from './wire.ts';

const isSortKey: ReadonlySet<string> = new Set(sortKeys);
const statesMax = 16;
const idCharsMax = 64;

type Given<Key extends PropertyKey> = { readonly [K in Key]?: unknown };

function isCount(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
}

function isText(value: unknown, charsMax: number): value is string {
  return typeof value === 'string' && value.length <= charsMax;
}

function overview({
  sort,
  descending,
  search,
  states,
  first,
  count,
}: Given<keyof WantOverview>): WantOverview | string {
  if (!isText(sort, idCharsMax) || !isSortKey.has(sort)) return `sort: expected one of ${sortKeys.join(', ')}`;
  if (typeof descending !== 'boolean') return 'descending: expected true or false';
  if (!isText(search, searchCharsMax)) return `search: expected a text of up to ${searchCharsMax} characters`;
  const areStates =
    Array.isArray(states) && states.length <= statesMax && states.every((one) => isText(one, idCharsMax));
  if (!areStates) return `states: expected a list of up to ${statesMax} states`;
  if (!isCount(first, Number.MAX_SAFE_INTEGER)) return 'first: expected an integer from 0';
  if (!isCount(count, rowsMax)) return `count: expected an integer from 0 to ${rowsMax}`;
  return { want: 'overview', sort: sort as SortKey, descending, search, states: states as string[], first, count };
}

/** The want that a text says, or why it is none. */
export function parseWant(text: string): Want | string {
  let given: Given<keyof WantOverview | keyof WantCall> | null;
  try {
    given = JSON.parse(text);
  } catch {
    return 'expected JSON';
  }
  if (given?.want === 'overview') return overview(given);
  if (given?.want !== 'call') return 'want: expected overview or call';
  if (!isText(given.stream, idCharsMax)) return 'stream: expected the id of a row';
  return { want: 'call', stream: given.stream };
}
