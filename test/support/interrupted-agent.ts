/** A sink module that speaks into each call, and is interrupted twice a second, or every `?interruptMs`. */
import { productModule } from './product-module.ts';

const { defineSink } = await productModule<typeof import('../../src/index.ts')>('index');

export default defineSink(({ interruptMs = '500' }) => {
  const everyMs = Number(interruptMs);
  const turns = new Map<string, NodeJS.Timeout>();
  return {
    speaks: true,
    streamStarted(stream) {
      const playback = stream.playback();
      const speak = () => {
        playback.clear();
        playback.begin().write(new Int16Array(32 * everyMs));
      };
      speak();
      const turn = setInterval(speak, everyMs);
      turns.set(stream.streamId, turn);
    },
    streamOver({ streamId }) {
      clearInterval(turns.get(streamId));
    },
    open: () => ({ write: () => {} }),
  };
});
