/** Connections that come and go, many of them rudely, leave nothing behind. The long form is `npm run churn`: 20,000 of them. */
import { expect, test } from 'vitest';
import { judgingTimes } from '../support/starvation.ts';
import { problems, runChurn } from './churn.ts';

test(
  'of 2,000 connections nothing is left: no descriptor, stream, ring or participant, and no memory',
  judgingTimes(async () => {
    const report = await runChurn({ warmUp: 3_000, connections: 2_000, perSecond: 1_000 });
    expect(problems(report)).toEqual([]);
    // It was what it claims to be.
    expect(report.connections).toBeGreaterThanOrEqual(5_000);
    expect(report.accepted).toBeGreaterThan(3_500);
  }),
);

test(
  'nor of 400 that are spoken to: no queue, no promise, no memory of speech',
  judgingTimes(async () => {
    const report = await runChurn({ warmUp: 600, connections: 400, perSecond: 100, isSpokenTo: true });
    expect(problems(report)).toEqual([]);
    // Of the others most break off before they can be spoken to.
    expect(report.utterances).toBeGreaterThan(80);
  }),
);
