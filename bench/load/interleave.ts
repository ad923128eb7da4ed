/**
 * Repeats measurements in turns: the first of all cases, then the second of all. What changes slowly on a machine, its heat
 * or its neighbours, then falls on every case alike. Every second turn goes backwards, so that no case is always the one before
 * another.
 */

/** Returns the measurements of each case, in the order of the cases. */
export async function interleave<C, M>(
  cases: readonly C[],
  repetitions: number,
  run: (one: C, repetition: number) => Promise<M>,
): Promise<M[][]> {
  const all: M[][] = cases.map(() => []);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const turn = [...cases.entries()];
    if (repetition % 2 === 1) turn.reverse();
    for (const [i, one] of turn) all[i]!.push(await run(one, repetition));
  }
  return all;
}
