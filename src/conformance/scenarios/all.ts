/** All scenarios in the order in which they run. Pure; any thread. Invariant: every name occurs once. */
import { assertInvariant } from '../../base/errors.ts';
import type { Scenario } from '../scenario.ts';
import { calls } from './calls.ts';
import { ends } from './ends.ts';
import { framing } from './framing.ts';
import { loads } from './load.ts';
import { messages } from './messages.ts';
import { speech } from './speech.ts';
import { speechPeers } from './speech-peers.ts';
import { times } from './time.ts';
import { upgrades } from './upgrade.ts';

/** What needs a server that speaks. */
export const speechScenarios: readonly Scenario[] = [...speech, ...speechPeers];

/** Groups as the documentation shows them. */
export const groups: Readonly<Record<string, readonly Scenario[]>> = {
  'the upgrade': upgrades,
  'calls as they should be': calls,
  'what is in the messages': messages,
  'what happens to time': times,
  'frames and segments': framing,
  'how calls end': ends,
  'pace and load': loads,
  'servers that speak': speechScenarios,
};

/** Does the server still behave as it did at the beginning? */
const last: Scenario = {
  ...calls[0]!,
  name: 'final-call',
  does: 'the clean call of the beginning, after all that',
  must: 'it works as it did then',
  matters: 'what came before has left something behind',
  remedy: 'run the scenarios before it one by one, with this one behind each (--only NAME,final-call)',
};

export const scenarios: readonly Scenario[] = [...Object.values(groups).flat(), last];

assertInvariant(new Set(scenarios.map(({ name }) => name)).size === scenarios.length, 'scenarios have different names');
