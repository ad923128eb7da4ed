/** `--auth none`: every peer that reaches the port is accepted. Refused beyond loopback unless the operator insists. */
import type { Authenticate } from '../upgrade.ts';

export const authenticateNone: Authenticate = () => 'nobody';
