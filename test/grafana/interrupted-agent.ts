/** A sink module that speaks into each call, and is interrupted twice a second. */
import { productModule } from '../support/product-module.ts';

const { defineSink } = await productModule<typeof import('../../src/index.ts')>('index');

export default defineSink(() => {
  const turns = new Map<string, NodeJS.Timeout>();
  return {
    speaks: true,
    streamStarted(stream) {
      const playback = stream.playback();
      const turn = setInterval(() => {
        playback.clear();
        playback.begin().write(new Int16Array(16_000));
      }, 500);
      turns.set(stream.streamId, turn);
    },
    streamOver({ streamId }) {
      clearInterval(turns.get(streamId));
    },
    open: () => ({ write: () => {} }),
  };
});
