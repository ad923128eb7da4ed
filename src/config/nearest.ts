/** The known name nearest to a misspelled one. Pure; any thread. */

/** How many characters have to be put in, left out or exchanged to make one text of the other. */
function distance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const exchanged = above[column - 1]! + Number(from[row - 1] !== to[column - 1]);
      current.push(Math.min(exchanged, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[to.length]!;
}

/** `; did you mean …?` with the name that is nearest, or nothing when none is near. */
export function suggestion(written: string, names: Iterable<string>): string {
  let nearest = '';
  let least = 1 + Math.floor(written.length / 3);
  // A typo is never that far off, and a text may be long.
  if (written.length > 64) return '';
  for (const name of names) {
    const apart = distance(written, name);
    if (apart < least) [nearest, least] = [name, apart];
  }
  return nearest === '' ? '' : `; did you mean ${nearest}?`;
}
