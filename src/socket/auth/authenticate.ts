/** The way to authenticate that the configuration names. Main thread. */

import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/serve-settings.ts';
import type { Totals } from '../../stream/totals.ts';
import type { Authenticate } from '../upgrade.ts';
import { authenticateJwt } from './jwt.ts';
import { KeySet } from './key-set.ts';
import { authenticateNone } from './none.ts';
import { authenticateTokens } from './token.ts';

export function createAuthenticate(config: Config, totals: Totals, log: Log): Authenticate {
  switch (config.auth) {
    case 'none':
      return authenticateNone;
    case 'token':
      return authenticateTokens(config.authToken);
    case 'jwt': {
      const keys = new KeySet({
        url: config.jwksUrl,
        onError: (error) => log.warn({ msg: 'keys of tokens cannot be fetched', error }),
        clock: () => performance.now(),
      });
      // The first call need not wait for them, and trouble shows before it.
      void keys.refresh();
      return authenticateJwt({
        issuer: config.jwtIssuer,
        audience: config.jwtAudience,
        mode: config.jwtMode,
        keys,
        onFailure: (reason) => {
          totals.jwtFailures[reason]++;
        },
      });
    }
  }
}
