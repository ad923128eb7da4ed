import { isUtf8 } from 'node:buffer';
import { Agreement, contexts } from './decoder-agreement.ts';
import { sample, wholePacketSample } from './decoder-samples.ts';

const agreement = new Agreement();
const message = sample(wholePacketSample);
const bytes = Buffer.from('"\\{}[],:/+-_=0eAz \n\0\x7f');
let turn = 0;
const c0 = process.cpuUsage();
for (let at = 0; at < 500; at++)
  for (let i = 0; i < bytes.length; i++) {
    const m = Buffer.concat([message.subarray(0, at), bytes.subarray(i, i + 1), message.subarray(at + 1)]);
    if (isUtf8(m)) agreement.check(m, contexts[turn++ % 4]!);
  }
const c = process.cpuUsage(c0);
console.log(turn, (c.user + c.system) / 1e6);
