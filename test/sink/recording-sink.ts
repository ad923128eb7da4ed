/** A sink module that says it needs every frame, and is slow to look for them by itself. Prints what it has heard at the end. */
import { productModule } from '../support/product-module.ts';

const { defineSink } = await productModule<typeof import('../../src/index.ts')>('index');

export default defineSink(() => ({
  needsEveryFrame: true,
  readIntervalMs: 1500,
  open: ({ callConnectionId }) => {
    let frames = 0;
    return {
      write: () => {
        frames++;
      },
      end: ({ framesLapped }) => console.log(JSON.stringify({ call: callConnectionId, frames, framesLapped })),
    };
  },
}));

export const recordingSink = new URL(import.meta.url).pathname;
