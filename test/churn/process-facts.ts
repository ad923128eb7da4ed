/** What the kernel says of a process (Linux), and what the gateway's admin port says, without leaving a connection open. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';

/** What each open file descriptor is, in order. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return 'gone';
      }
    })
    .sort();
}

export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

/** An answer over a connection of its own, which is closed with it. */
export function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path, agent: false, headers: { connection: 'close' } });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    outgoing.end();
  });
}

/** The samples of `/metrics`, by name and labels as they stand there, without the prefix. */
export async function samples(adminPort: number): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const line of (await ask(adminPort, '/metrics')).split('\n')) {
    const match = /^acs_gateway_(\S+) (\S+)$/.exec(line);
    if (match !== null) found.set(match[1]!, Number(match[2]));
  }
  return found;
}
