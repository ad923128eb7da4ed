/**
 * `npm run attack [-- --only TEXT] [--seconds N] [--calls N]`: every attack on a gateway with calls in it, one after the other,
 * and what the calls felt. Loopback only. Ends with 1 if one of them could be heard.
 */
import { parseArgs } from 'node:util';
import { attacks } from './attacks.ts';
import { meet } from './field.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '4' },
    calls: { type: 'string', default: '10' },
  },
});
const size = { calls: Number(values.calls), durationMs: 1000 * Number(values.seconds) };

let heard = 0;
for (const [index, attack] of attacks.entries()) {
  if (!attack.name.includes(values.only)) continue;
  try {
    const { neighbours, fate } = await meet(attack, index, size);
    console.log(`${attack.name}\n    ${JSON.stringify(neighbours)}\n    ${JSON.stringify(fate)}`);
    if (neighbours.framesLost > 0 || neighbours.callsBroken > 0) heard++;
  } catch (error) {
    console.log(`${attack.name}\n    ${(error as Error).message}`);
    heard++;
  }
}
process.exit(heard === 0 ? 0 : 1);
