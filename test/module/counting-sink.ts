/** A user's sink module: counts what it is given, and throws or dies when its options say so. Prints what it hears at the end. */
import { createHash } from 'node:crypto';
import { productModule } from '../support/product-module.ts';

const { defineSink } = await productModule<typeof import('../../src/index.ts')>('index');

export default defineSink((options) => {
  if (options['start'] === 'throws') throw new Error('no model');
  let streams = 0;
  let isRestart = false;
  return {
    readIntervalMs: 50,
    start(context) {
      isRestart = context.isRestart;
    },
    open(track, checkpoint) {
      const hash = createHash('sha256');
      let frames = 0;
      let groups = 0;
      return {
        write(frame) {
          frames++;
          if (options['throwsAt'] === String(frame.sequence)) throw new Error(`not ${frame.sequence}`);
          if (options['diesAt'] === String(frame.sequence) && !isRestart) process.exit(7);
          checkpoint.own[0]! += frame.sequence;
          hash.update(frame.pcm.subarray(0, frame.pcmBytes));
        },
        flush() {
          groups++;
        },
        end({ framesRead, framesLapped }) {
          const { participantId } = track;
          const samples = hash.digest('hex');
          const heard = {
            participantId,
            frames,
            groups,
            framesRead,
            framesLapped,
            sum: checkpoint.own[0],
            samples,
            isRestart,
          };
          console.log(JSON.stringify(heard));
        },
      };
    },
    streamEnded() {
      streams++;
    },
    close() {
      console.log(JSON.stringify({ streams, options }));
    },
  };
});
