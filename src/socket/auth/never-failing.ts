/** Whoever cannot be checked is not let in, and what went wrong is told: no fault of a check may reach the process. Main thread. */
import type { Authenticate } from '../upgrade.ts';

export function neverFailing(authenticate: Authenticate, onError: (error: unknown) => void): Authenticate {
  const failed = (error: unknown) => {
    onError(error);
    return false;
  };
  return (request) => {
    try {
      const verdict = authenticate(request);
      return typeof verdict === 'boolean' ? verdict : verdict.catch(failed);
    } catch (error) {
      return failed(error);
    }
  };
}
