/** Runs `simulate` as a process of its own, as a user does, so that it shares no thread with what is tested. */
import { spawn } from 'node:child_process';
import type { SimulationReport } from '../../src/simulator/report.ts';
import { entry } from './gateway-process.ts';

export interface SimulatorProcess {
  signal(name: NodeJS.Signals): void;
  /** The report, once it has ended; rejects if it has none. */
  readonly report: Promise<SimulationReport>;
}

export function startSimulator(url: string, ...flags: readonly string[]): SimulatorProcess {
  const command = [entry, 'simulate', '--url', url, '--report', 'json', ...flags];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...command]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 100_000);
  const report = new Promise<SimulationReport>((resolve, reject) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      if (stdout === '') reject(new Error(`the simulator exited with ${code}: ${stderr}`));
      else resolve(JSON.parse(stdout) as SimulationReport);
    });
  });
  return { signal: (name) => child.kill(name), report };
}
