/** Says that nothing on the page is live any more, since when, and when the next attempt is. */
import { useEffect, useState } from 'preact/hooks';
import { duration } from './format.ts';
import type { LiveState } from './live.ts';

interface Props {
  readonly state: LiveState;
  readonly onRetry: () => void;
}

export function ConnectionNotice({ state, onRetry }: Props) {
  const [now, setNow] = useState(Date.now());
  const isDisconnected = state.kind === 'disconnected';
  useEffect(() => {
    if (!isDisconnected) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [isDisconnected]);
  if (state.kind !== 'disconnected') return null;
  const waitSeconds = Math.max(0, Math.ceil((state.retryAtMs - now) / 1000));
  return (
    <div class="notice">
      <span role="alert">
        <b>Disconnected.</b> {state.why}
      </span>
      <span class="dim">
        {duration(now - state.sinceMs)} ago, {waitSeconds === 0 ? 'trying now' : `next attempt in ${waitSeconds} s`}
      </span>
      <button type="button" onClick={onRetry}>
        Try now
      </button>
    </div>
  );
}
