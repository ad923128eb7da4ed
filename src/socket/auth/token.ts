/** `--auth token`: a peer that carries one of the operator's secrets is accepted. Main thread. */
import type { Authenticate } from '../upgrade.ts';
import { Secrets, secretsOf } from './credentials.ts';

export function authenticateTokens(tokens: readonly string[]): Authenticate {
  const secrets = new Secrets(tokens);
  return (request) => {
    const index = secrets.indexOf(secretsOf(request));
    return index < 0 ? null : `token ${index}`;
  };
}
