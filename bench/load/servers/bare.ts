/** The floor: uWebSockets.js with a handler that only counts. Nothing that receives in JavaScript can be cheaper. */
import { emptyBuckets } from '../histogram.ts';
import { answer } from '../ipc.ts';
import type { ServerCounts } from '../server.ts';
import { listen } from './front-end.ts';

let messages = 0;
let streams = 0;

/** The first message of each stream is its metadata. */
function counts(): ServerCounts {
  const frames = messages - streams;
  return { frames, pcmBytes: null, dropped: 0, residence: emptyBuckets, digest: null, account: null };
}

function take(): void {
  messages++;
}

function opened(): void {
  streams++;
}

answer({ listen: () => listen(take, opened), counts });
