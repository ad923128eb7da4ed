/** The smallest possible one: a level meter for every participant of every call. Ends with Ctrl-C. */
import { RingReader, startGateway } from '../../src/index.ts';

const [port = 8080, adminPort = 9464] = process.argv.slice(2).map(Number);
const gateway = await startGateway({ port, adminPort, logLevel: 'warn', drainTimeoutMs: 1000 });
gateway.on('participant', async (participant) => {
  const reader = new RingReader(participant.ring());
  for await (const { sequence, samples, sampleCount } of reader) {
    if (sequence % 10 !== 0) continue;
    const peak = Math.max(0, ...samples.subarray(0, sampleCount));
    console.log('#'.repeat(peak / 512).padEnd(64), participant.participantId);
  }
  console.log(`${reader.framesRead} frames, ${reader.framesLapped} lost:`, participant.participantId);
});
console.log(`ws://127.0.0.1:${gateway.port}/audio`);
process.once('SIGINT', () => gateway.stop());
