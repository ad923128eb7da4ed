/** Asks for the admin token, and says plainly why it does. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Logo } from './logo.tsx';
import { logIn } from './session.ts';

interface Props {
  /** This browser was logged in before. */
  readonly hasExpired: boolean;
  readonly onLoggedIn: () => void;
}

export function Login({ hasExpired, onLoggedIn }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isAsking, setIsAsking] = useState(false);
  useEffect(() => field.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    const token = field.current!.value.trim();
    if (token === '') {
      setProblem('Enter the token first.');
      return;
    }
    setIsAsking(true);
    const refusal = await logIn(token);
    setIsAsking(false);
    if (refusal === null) {
      onLoggedIn();
      return;
    }
    setProblem(refusal);
    field.current?.select();
  };

  return (
    <main class="login">
      <form onSubmit={submit}>
        <Logo />
        <h1>Live calls</h1>
        {hasExpired && problem === null && (
          <p class="warn" role="status">
            Your session has expired. Log in again.
          </p>
        )}
        <label for="token">Admin token of this gateway</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          aria-invalid={problem !== null}
          aria-describedby="login-problem"
        />
        <p id="login-problem" class="bad" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={isAsking}>
          {isAsking ? 'Logging in…' : 'Log in'}
        </button>
      </form>
    </main>
  );
}
