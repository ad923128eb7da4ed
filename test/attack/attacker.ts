/** A process that attacks: `attacker.ts INDEX PORT ADMINPORT MS`. Prints what became of it. */
import { setPriority } from 'node:os';
import { attacks } from './attacks.ts';
import { attackFrom, noFate } from './peer.ts';

/** It is meant to be on another machine: what it takes is what the gateway leaves. */
setPriority(19);

const [index, port, adminPort, durationMs] = process.argv.slice(2).map(Number) as [number, number, number, number];
attackFrom(`127.0.0.${66 + index}`);
const fate = noFate();
// It ends, whatever happens.
setTimeout(() => process.exit(2), durationMs + 20_000).unref();
await attacks[index]!.act({ port, adminPort, untilMs: performance.now() + durationMs }, fate);
process.stdout.write(JSON.stringify(fate), () => process.exit(0));
