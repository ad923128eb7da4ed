/** A user's sink module that speaks: what it does stands in its options. */
import { productModule } from '../support/product-module.ts';

const { defineSink, playbackTrackId } = await productModule<typeof import('../../src/index.ts')>('index');

/** Samples that say where they stand. */
function counting(samples: number, from = 0): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => (from + i) % 32_000);
}

export default defineSink(({ does, seconds = '1', dies, hangs }) => {
  let isRestart = false;
  return {
    speaks: does !== 'nothing',
    readIntervalMs: 20,
    start(context) {
      isRestart = context.isRestart;
    },
    async streamStarted(stream) {
      if (does !== 'greets') return;
      const playback = stream.playback();
      const utterance = playback.begin({ id: isRestart ? 'again' : 'first' });
      await utterance.writable();
      const samples = counting(16_000 * Number(seconds), isRestart ? 7_000 : 0);
      console.log(JSON.stringify({ taken: utterance.write(samples), isRestart }));
      if (isRestart || dies === undefined) utterance.end();
      if (!isRestart && dies === 'true') setTimeout(() => process.exit(7), 100);
      if (!isRestart && hangs === 'true')
        setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 100);
      console.log(JSON.stringify(await utterance.played()));
    },
    streamOver(stream) {
      if (does !== 'greets') return;
      const utterance = stream.playback().begin();
      console.log(JSON.stringify({ late: utterance.write(counting(320)), state: utterance.state }));
    },
    open({ participantId }, _checkpoint, stream) {
      if (does !== 'echoes' || participantId === playbackTrackId) {
        if (does === 'nothing') stream.playback();
        return { write: () => {} };
      }
      const utterance = stream.playback().begin({ id: 'echo', isLive: true });
      return {
        write(frame) {
          utterance.write(frame.samples.subarray(0, frame.sampleCount));
        },
        end: () => utterance.end(),
      };
    },
  };
});
