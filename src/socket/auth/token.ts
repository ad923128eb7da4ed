/** `--auth token`: whoever carries one of the secrets that the operator gave is let in. Main thread. */
import type { Authenticate } from '../upgrade.ts';
import { Secrets, secretsOf } from './credentials.ts';

export function authenticateTokens(tokens: readonly string[]): Authenticate {
  const secrets = new Secrets(tokens);
  return (request) => {
    const index = secrets.indexOf(secretsOf(request));
    return index < 0 ? null : `token ${index}`;
  };
}
