/** The inside of the gateway, in the order in which a frame passes: sockets, lanes, workers, rings, sinks; then what they stand on. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { accounting } from './internals/accounting.ts';
import { speech } from './internals/speech.ts';
import { connections, lanes, rings, sinks, workers } from './internals/stages.ts';
import { process, threads } from './internals/threads.ts';

export function internals(): Dashboard {
  return dashboard('internals', 'The stages of the gateway, its threads and its process.', [
    { title: 'Accounting: nothing is lost without a counter', panels: accounting },
    { title: 'Sockets', panels: connections },
    { title: 'Lanes', panels: lanes },
    { title: 'Workers', panels: workers },
    { title: 'Rings', panels: rings },
    { title: 'Sinks', panels: sinks },
    { title: 'Audio into the calls', panels: speech },
    { title: 'Threads: event loops and garbage collection', panels: threads },
    { title: 'Process', panels: process },
  ]);
}
