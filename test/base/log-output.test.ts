/** The log keeps nobody waiting: a pipe that nobody reads costs the lines that find no room, counted, and told when there is room. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LogOutput } from '../../src/base/log-output.ts';
import { temporaryFolder } from '../support/folders.ts';
import { eventually } from '../support/gateway-process.ts';

const line = `${'x'.repeat(999)}\n`;

/** An output whose pipe ends in a process of the shell. */
function outputInto(script: string): { readonly output: LogOutput; readonly reader: ChildProcess } {
  const reader = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => {
    reader.kill('SIGKILL');
  });
  return { output: new LogOutput(() => reader.stdin as unknown as NodeJS.WriteStream), reader };
}

test('while nobody reads, lines wait in bounded memory; what finds no room is lost, counted, and told when there is', async () => {
  const file = join(temporaryFolder(), 'log');
  const { output } = outputInto(`read -r first < /dev/null; sleep 1; cat > ${file}`);
  const told: number[] = [];
  output.onLost = (lines) => {
    told.push(lines);
    output.write('lost\n');
  };
  for (let n = 0; n < 3000; n++) output.write(line);
  const { linesLost } = output;
  expect(linesLost).toBeGreaterThan(1000);
  expect(linesLost).toBeLessThan(2000);
  expect(told).toEqual([]);
  await eventually(() => told.length > 0);
  expect(told).toEqual([linesLost]);
  output.write('last\n');
  await eventually(() => readFileSync(file, 'latin1').endsWith('last\n'));
  const lines = readFileSync(file, 'latin1').split('\n');
  expect(lines.filter((text) => text.startsWith('x'))).toHaveLength(3000 - linesLost);
  expect(lines.slice(-3)).toEqual(['lost', 'last', '']);
});

test('when the reader has ended, every line is lost and counted, and nothing is thrown', async () => {
  const { output, reader } = outputInto('exec true');
  await once(reader, 'exit');
  await eventually(() => {
    output.write(line);
    return output.linesLost > 3;
  });
});
