/**
 * A sink module that stands still, and with `?records` says that it needs every frame. `?loops`: in an endless loop, with the first frame of each thread; `?loops=once`: of the
 * first thread only. `?blocks=PIPE`: in a system call, until somebody writes into the pipe. `?while=FILE`: in a loop, when it finds
 * this file.
 */
import { existsSync, openSync, readSync } from 'node:fs';
import { block } from '../support/block.ts';
import { productModule } from '../support/product-module.ts';

const { defineSink } = await productModule<typeof import('../../src/index.ts')>('index');

/** For ever, and sparing: what hangs is only not heard of, whatever it does. */
function loop(): never {
  for (;;) block(20);
}

export default defineSink((options) => {
  let isRestart = false;
  return {
    readIntervalMs: 50,
    needsEveryFrame: options['records'] === '',
    start: (context) => {
      isRestart = context.isRestart;
    },
    open: () => ({
      write(frame) {
        if (frame.sequence < 20) return;
        if (options['loops'] === '' || (options['loops'] === 'once' && !isRestart)) loop();
        if (options['while'] !== undefined && frame.sequence % 25 === 0 && existsSync(options['while'])) loop();
        if (options['blocks'] !== undefined) readSync(openSync(options['blocks'], 'r'), Buffer.alloc(1));
      },
    }),
  };
});

export const hangingSink = new URL(import.meta.url).pathname;
