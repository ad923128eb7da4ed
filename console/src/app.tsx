/** The whole page: who may see it, which part of it is shown, and the frame around that. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Session } from '../../src/console/wire.ts';
import { CallPage } from './call-page.tsx';
import { ConnectionNotice } from './connection-notice.tsx';
import { Live, type LiveState } from './live.ts';
import { Login } from './login.tsx';
import { Overview } from './overview.tsx';
import { logOut } from './session.ts';
import { currentTheme, switchTheme } from './theme.ts';

/** `#/call/ID`: one call; anything else: all of them. */
function streamOfAddress(): string | null {
  const match = /^#\/call\/(.+)$/.exec(location.hash);
  try {
    return match === null ? null : decodeURIComponent(match[1]!);
  } catch {
    return null;
  }
}

/** So that a cookie that is not valid any more is told from a browser that never had one. */
const loggedInKey = 'console.loggedIn';
const memory = {
  get hasLoggedIn(): boolean {
    try {
      return localStorage.getItem(loggedInKey) === 'yes';
    } catch {
      return false;
    }
  },
  set hasLoggedIn(is: boolean) {
    try {
      if (is) localStorage.setItem(loggedInKey, 'yes');
      else localStorage.removeItem(loggedInKey);
    } catch {
      // Then the page cannot say more than that a token is wanted.
    }
  },
};

export function App() {
  const [session, setSession] = useState<Session | null>(null);
  const [isLogin, setIsLogin] = useState(false);
  const [state, setState] = useState<LiveState>({ kind: 'connecting' });
  const [stream, setStream] = useState(streamOfAddress);
  const [attempt, setAttempt] = useState(0);

  // Each login begins a new connection.
  const live = useMemo(
    () =>
      new Live({
        onState: setState,
        onSession: setSession,
        onLogin: () => setIsLogin(true),
      }),
    [attempt],
  );
  useEffect(() => {
    live.start();
    return () => live.close();
  }, [live]);
  useEffect(() => {
    const follow = () => setStream(streamOfAddress());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  if (isLogin) {
    const loggedIn = () => {
      memory.hasLoggedIn = true;
      setIsLogin(false);
      setAttempt((before) => before + 1);
    };
    return <Login hasExpired={memory.hasLoggedIn} onLoggedIn={loggedIn} />;
  }
  const leave = async () => {
    await logOut();
    memory.hasLoggedIn = false;
    location.hash = '';
    location.reload();
  };
  return (
    <>
      <Header session={session} state={state} onLogOut={leave} />
      <ConnectionNotice state={state} onRetry={() => live.retryNow()} />
      <main class={state.kind === 'live' ? 'page' : 'page stale'}>
        {stream === null ? (
          <Overview live={live} />
        ) : (
          <CallPage key={stream} live={live} stream={stream} mayListen={session?.mayListen === true} />
        )}
      </main>
    </>
  );
}

interface HeaderProps {
  readonly session: Session | null;
  readonly state: LiveState;
  readonly onLogOut: () => void;
}

const stateNames = { connecting: 'connecting', live: 'live', disconnected: 'disconnected' } as const;

function Header({ session, state, onLogOut }: HeaderProps) {
  const [theme, setTheme] = useState(currentTheme);
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <header class="bar">
      <a class="brand" href="#/" aria-label="Live calls: overview">
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 16h2M10 10v12M16 5v22M22 11v10M27 14v4" />
        </svg>
        Live calls
      </a>
      <span class={`pulse ${state.kind}`} role="status">
        {stateNames[state.kind]}
      </span>
      <span class="spacer" />
      {session !== null && <span class="version">gateway {session.version}</span>}
      <button
        type="button"
        class="quiet"
        aria-label={`Switch to ${other} colours`}
        onClick={() => setTheme(switchTheme())}
      >
        {theme === 'dark' ? '☀' : '☾'}
      </button>
      {session !== null && memory.hasLoggedIn && (
        <button type="button" class="quiet" onClick={onLogOut}>
          Log out
        </button>
      )}
    </header>
  );
}
