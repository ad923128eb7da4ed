/** Who may see the console: whoever has shown the token, or without one whoever sits at this machine; never another page of the same browser. Main thread. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { consoleLimits } from '../base/console-limits.ts';
import type { Log } from '../base/log.ts';
import { packageVersion } from '../base/version.ts';
import { Secrets } from '../socket/auth/credentials.ts';
import { pageHeaders } from './page-files.ts';
import { addressOf, bodyOf, isForLoopback, isSameOrigin, isSecure } from './requests.ts';
import { type SessionEntry, Sessions } from './sessions.ts';
import type { Session } from './wire.ts';

/** What logins cost, so that guessing a token takes for ever. */
export interface LoginBudget {
  spend<T>(work: () => T | Promise<T>): Promise<T>;
  charge(ms: number): void;
}

export interface AccessOptions {
  readonly log: Log;
  /** Null: only for this machine, whoever asks. */
  readonly adminToken: string | null;
  readonly mayListen: boolean;
  readonly loginBudget: LoginBudget;
}

export class Access {
  /** Attempts to log in, by result. */
  readonly logins = { accepted: 0, refused: 0 };
  private readonly options: AccessOptions;
  private readonly secrets: Secrets | null;
  /** Logins whose turn has not come. */
  private waiting = 0;
  private readonly sessions = new Sessions(() => performance.now());

  constructor(options: AccessOptions) {
    this.options = options;
    this.secrets = options.adminToken === null ? null : new Secrets([options.adminToken]);
  }

  /** Another page of the browser's asks, or we are asked by a name that is not this machine's while there is no token. */
  isFromElsewhere(request: IncomingMessage): boolean {
    if (this.secrets === null && !isForLoopback(request)) return true;
    return request.headers.origin !== undefined && !isSameOrigin(request);
  }

  /** Null: the request has none. */
  sessionOf({ headers }: IncomingMessage): SessionEntry | null {
    return this.sessions.find(headers);
  }

  readonly isAlive = (session: SessionEntry): boolean => this.sessions.isAlive(session);

  async login(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = await bodyOf(request, consoleLimits.tokenBytesMax);
    if (this.waiting >= consoleLimits.loginsWaiting) {
      response.setHeader('Retry-After', '5');
      say(response, 429, 'too many attempts');
      return;
    }
    const { loginBudget } = this.options;
    this.waiting++;
    await loginBudget.spend(() => {
      this.waiting--;
      if (this.secrets !== null && (token === null || !this.secrets.include([token.trim()]))) {
        loginBudget.charge(consoleLimits.wrongTokenMs);
        this.logins.refused++;
        say(response, 401, 'unauthorized');
        return;
      }
      this.logins.accepted++;
      response.writeHead(204, { ...pageHeaders, 'Set-Cookie': this.begin(request) }).end();
    });
  }

  logout(request: IncomingMessage, response: ServerResponse): void {
    const cookie = this.sessions.end(request.headers, isSecure(request));
    response.writeHead(204, { ...pageHeaders, 'Set-Cookie': cookie }).end();
  }

  tellSession(request: IncomingMessage, response: ServerResponse): void {
    if (this.sessionOf(request) === null) {
      if (this.secrets !== null) {
        say(response, 401, 'unauthorized');
        return;
      }
      response.setHeader('Set-Cookie', this.begin(request));
    }
    const session: Session = { mayListen: this.options.mayListen, version: packageVersion() };
    tell(response, 200, session);
  }

  /** Returns the cookie of a new session. */
  private begin(request: IncomingMessage): string {
    const { session, cookie } = this.sessions.begin(isSecure(request));
    this.options.log.info({ msg: 'console login', session: session.name, remoteAddress: addressOf(request) });
    return cookie;
  }
}

function tell(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...pageHeaders, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

export function say(response: ServerResponse, status: number, error: string): void {
  tell(response, status, { error });
}
