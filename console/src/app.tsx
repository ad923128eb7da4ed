/** The whole page: who may see it, which part of it is shown, and the frame around that. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Session } from '../../src/console/wire.ts';
import { allCallsAddress, streamOfAddress } from './addresses.ts';
import { CallPage } from './call-page.tsx';
import { ConnectionNotice } from './connection-notice.tsx';
import { keep, kept } from './kept.ts';
import { Live, type LiveState } from './live.ts';
import { Login } from './login.tsx';
import { Logo } from './logo.tsx';
import { Overview } from './overview.tsx';
import { logOut } from './session.ts';
import { currentTheme, switchTheme } from './theme.ts';

/** So that a cookie that is not valid any more is told from a browser that never had one. */
const loggedIn = 'loggedIn';

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
    const onLoggedIn = () => {
      keep(loggedIn, 'yes');
      setIsLogin(false);
      setAttempt((before) => before + 1);
    };
    return <Login hasExpired={kept(loggedIn) !== null} onLoggedIn={onLoggedIn} />;
  }
  const leave = async () => {
    await logOut();
    keep(loggedIn, null);
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
      <a class="brand" href={allCallsAddress} aria-label="Live calls: overview">
        <Logo />
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
      {session !== null && kept(loggedIn) !== null && (
        <button type="button" class="quiet" onClick={onLogOut}>
          Log out
        </button>
      )}
    </header>
  );
}
