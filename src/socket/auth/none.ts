/** `--auth none`: everybody who reaches the port is let in. Refused beyond loopback unless the operator insists. */
import type { Authenticate } from '../upgrade.ts';

export const authenticateNobody: Authenticate = () => 'nobody';
