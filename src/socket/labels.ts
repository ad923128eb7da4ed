/**
 * The application's own names for a call, out of the address that it gave to ACS: what it correlates with. They prove nothing, are
 * bounded, and never hold a secret that lets in. Main thread.
 */
import { labelLimits } from '../base/limits.ts';
import type { Config } from '../config/serve-settings.ts';
import type { Labels } from '../ring/track.ts';
import { Secrets } from './auth/credentials.ts';
import type { RequestSnapshot } from './upgrade.ts';

/** Under which the rest of the path stands. */
export const pathLabel = 'path';

/** As it came, if it is not valid percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bounded(value: string): string {
  return value.slice(0, labelLimits.charsMax).toWellFormed();
}

/** What takes the labels from a request; null where none are wanted. */
export function labelReader(config: Config): ((request: RequestSnapshot) => Labels) | null {
  const { labelQuery, labelPath, path: base, authToken } = config;
  if (labelQuery.length === 0 && !labelPath) return null;
  const secrets = new Secrets(authToken);
  const isShown = (value: string) => value !== '' && !secrets.include([value]);
  return ({ path, query }) => {
    const labels: Record<string, string> = {};
    const parameters = new URLSearchParams(query);
    for (const name of labelQuery) {
      const value = parameters.get(name);
      if (value !== null && isShown(value)) labels[name] = bounded(value);
    }
    if (labelPath) {
      const segments = path.slice(base.length).split('/').map(decoded).filter(isShown);
      if (segments.length > 0) labels[pathLabel] = bounded(segments.join('/'));
    }
    return labels;
  };
}
