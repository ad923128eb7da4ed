/** Speech into calls that do all that calls do, in a short form; `npm run chaos` has the full one. */
import { expect, test } from 'vitest';
import { judgingTimes } from '../support/starvation.ts';
import { runSpeech, speechName } from './speech.ts';

test(
  `${speechName}: heard is what should have been heard, to the frame, and nothing is left behind`,
  judgingTimes(async () => {
    // A gateway that is late, honestly, may refuse one that comes back.
    const { problems, facts } = await runSpeech({ calls: 40, durationMs: 6_000 });
    console.info(facts);
    expect(problems).toEqual([]);
  }),
);
