/** How the console's page is built: into `dist/console`, with nothing inline, which its Content-Security-Policy forbids. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  logLevel: 'warn',
  worker: { format: 'es' },
  build: {
    outDir: '../dist/console',
    // What the compiler made of src/console lies there as well.
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
});
