/** A peer that cannot be checked is refused, and the fault is reported: no fault of a check may reach the process. Main thread. */
import type { Authenticate, Identity } from '../upgrade.ts';

export function neverFailing(authenticate: Authenticate, onError: (error: unknown) => void): Authenticate {
  const failed = (error: unknown) => {
    onError(error);
    return null;
  };
  const guarded = (check: () => Identity | Promise<Identity>) => {
    try {
      const outcome = check();
      return outcome instanceof Promise ? outcome.catch(failed) : outcome;
    } catch (error) {
      return failed(error);
    }
  };
  return (request) => {
    try {
      const verdict = authenticate(request);
      return typeof verdict === 'function' ? () => guarded(verdict) : verdict;
    } catch (error) {
      return failed(error);
    }
  };
}
