/**
 * A sink module: forwards what one participant says to a WebSocket, live, at a steady pace, for an interpreter, a caption
 * service, a second ear. Everything in this folder runs in the sink's own thread.
 *
 *   acs-audio-gateway --sink 'module:./examples/interpretation/sink.ts?to=ws://127.0.0.1:9000&participant=8:acs:…'
 *
 * | option | |
 * |---|---|
 * | `to` | where to; every participant gets a connection of its own |
 * | `participant` | whom to forward; without it, all |
 * | `buffer` | ms that a frame waits for those before it (80) |
 */
import { defineSink } from '../../src/index.ts';
import { Forwarder } from './forwarder.ts';

/** How exact the pace is. */
const tickMs = 5;

export default defineSink(({ to, participant, buffer = '80' }) => {
  const bufferMs = Number(buffer);
  if (to === undefined || !/^wss?:/.test(to))
    throw new Error('to: expected an address that begins with ws:// or wss://');
  if (!(bufferMs >= 40 && bufferMs <= 2000)) throw new Error('buffer: expected 40 to 2000 ms');
  // A + in the options of a sink is a space, as in any address; no id has spaces, phone numbers begin with +.
  const wanted = participant?.replaceAll(' ', '+');
  const forwarders = new Set<Forwarder>();
  let report: (error: unknown) => void = () => {};
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const forwarder of forwarders) forwarder.tick(nowMs);
  }, tickMs);

  return {
    readIntervalMs: 10,
    start(context) {
      report = context.report;
    },
    open(track) {
      if (wanted !== undefined && track.participantId !== wanted) return { write() {} };
      const forwarder = new Forwarder(track, { to, bufferMs, onError: report });
      forwarders.add(forwarder);
      void forwarder.done.then(() => forwarders.delete(forwarder));
      return forwarder;
    },
    async close() {
      await Promise.all([...forwarders].map(({ done }) => done));
      clearInterval(timer);
    },
  };
});
