/** A gateway without calls lets the machine sleep: each of its threads is woken some twenty times a second, not a hundred. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';

/** How often each thread of a process went to sleep, the most frequent first. */
function sleeps(pid: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
    counts.set(thread, Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]));
  }
  return counts;
}

test('a gateway without calls is hardly ever woken', needs('linux'), async () => {
  const gateway = await GatewayProcess.start('--sink', `wav:${temporaryFolder()}`);
  onTestFinished(() => gateway.kill());
  // What comes with a start is over.
  await sleep(2000);
  const seconds = 4;
  const before = sleeps(gateway.pid);
  await sleep(1000 * seconds);
  const rates = [...sleeps(gateway.pid)].map(([thread, count]) => (count - (before.get(thread) ?? 0)) / seconds);
  const [most = 0, second = 0, third = 0] = rates.sort((one, other) => other - one);
  // The main thread twenty times, a sink's thread ten times more; all others wait for work.
  expect(most).toBeGreaterThan(10);
  expect(most).toBeLessThan(40);
  expect(second).toBeLessThan(40);
  expect(third).toBeLessThan(15);
});
