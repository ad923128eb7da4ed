/** `npm run attack`: attacks on a gateway with calls in it, and what the calls felt. Loopback only. */
import { readFileSync } from 'node:fs';
import { readToolFlags } from '../support/tool-flags.ts';
import { attacks } from './attacks.ts';
import { meet, type Neighbours } from './field.ts';
import type { Felt } from './probe.ts';
import { besiege } from './siege.ts';

const usage = `Usage: npm run attack -- [flags]

Every attack on a gateway with calls in it, one after the other, and what the calls felt. Ends with 1 if one of them could be heard.

  --only TEXT     attacks with this in their name
  --seconds N     for how long (4; of a siege 60)
  --calls N       beside it (10)
  --siege CALLS   all of them at once instead, beside so many recorded calls
`;
const { values } = readToolFlags(usage, { only: '', seconds: 0, calls: 10, siege: 0 });

/** Without it one connection that pours can hold the thread that reads. */
console.log(`net.ipv4.tcp_rmem: ${readFileSync('/proc/sys/net/ipv4/tcp_rmem', 'latin1').trim().replaceAll('\t', ' ')}`);

const feltText = ({ p99Ms, worstMs }: Felt) => `${p99Ms} ms (worst ${worstMs})`;

function told(neighbours: Neighbours): string {
  const {
    residence,
    lateness,
    senderLateness,
    framesLeftOut,
    allResidenceP99Ms,
    mainLateMs,
    framesLost,
    callsBroken,
    speech,
  } = neighbours;
  const { ingestHealthMs, adminHealthMs, mainThread, mainStarved, worker, workerStarved, memoryMib } = neighbours;
  return (
    `neighbours: residence p99 ${feltText(residence)}, since due at the sender ${feltText(lateness)}, ` +
    `of which the sender ${feltText(senderLateness)} (without ${framesLeftOut} while the machine stood); ${framesLost} frames lost, ${callsBroken} calls broken\n` +
    (speech === null
      ? ''
      : `heard: ${speech.framesHeard} frames, ${speech.underruns} underruns, ${speech.stopAudios} interruptions, clear p99 <= ${speech.clearP99Ms} ms\n`) +
    `gateway: residence of all frames p99 <= ${allResidenceP99Ms} ms, /healthz ${ingestHealthMs ?? '-'} and ${adminHealthMs ?? '-'} ms, ` +
    `main thread ${mainThread} of a core (waited for one ${mainStarved}), late <= ${mainLateMs} ms, ` +
    `decode worker ${worker} (${workerStarved}), ${memoryMib} MiB`
  );
}

async function one(index: number): Promise<boolean> {
  const size = { calls: values.calls, durationMs: 1000 * (values.seconds || 4) };
  const attack = attacks[index]!;
  const { neighbours, fate } = await meet(attack, index, size);
  console.log(`\n${attack.name}\n${told(neighbours)}\nattacker: ${JSON.stringify(fate)}`);
  return neighbours.framesLost > 0 || neighbours.callsBroken > 0;
}

async function all(calls: number): Promise<boolean> {
  const durationMs = 1000 * (values.seconds || 60);
  const { wrong, recordings, ofCalls, framesDropped, log, fates } = await besiege({ calls, durationMs }, values.only);
  console.log(`\n${recordings} recordings, ${wrong} not what was sent; dropped ${JSON.stringify(framesDropped)}`);
  console.log(`the calls: ${JSON.stringify(ofCalls)}`);
  console.log(`the gateway's log: ${JSON.stringify(log)}`);
  for (const [name, fate] of fates) console.log(`${name}: ${JSON.stringify(fate)}`);
  return wrong > 0;
}

let heard = 0;
if (values.siege === 0) {
  for (const [index, { name }] of attacks.entries()) {
    if (!name.includes(values.only)) continue;
    try {
      if (await one(index)) heard++;
    } catch (error) {
      console.log(`\n${name}\n${(error as Error).message}`);
      heard++;
    }
  }
} else if (await all(values.siege)) heard++;
process.exit(heard === 0 ? 0 : 1);
