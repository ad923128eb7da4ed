/** Settings of `serve` that say who listens on its port. Any thread. */
import { setting } from './setting.ts';

export const processSettings = {
  processes: setting.integer({
    fallback: 1,
    min: 0,
    max: 64,
    help: 'gateways on the one port, of which each receives on a core of its own; 0 means half of the cores',
  }),
  sharePort: setting.flag({ help: 'share --port with other gateways that have this setting' }),
} as const;
