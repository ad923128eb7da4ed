/** Sessions of the console: how long they last, how many there are. */
import { expect, test } from 'vitest';
import { consoleLimits } from '../../src/base/console-limits.ts';
import { Sessions } from '../../src/console/sessions.ts';

function idOf(cookie: string): { readonly cookie: string } {
  return { cookie: cookie.split(';')[0]! };
}

test('a session is found by its cookie, among others too, until its time is up', () => {
  let nowMs = 1000;
  const sessions = new Sessions(() => nowMs);
  const { session, cookie } = sessions.begin(false);
  const { cookie: pair } = idOf(cookie);
  expect(sessions.find({ cookie: pair })).toBe(session);
  expect(sessions.find({ cookie: `theme=dark; ${pair}; other=1` })).toBe(session);
  expect(cookie).not.toContain(session.name);
  nowMs += consoleLimits.sessionMs - 1;
  expect(sessions.isAlive(session)).toBe(true);
  nowMs += 1;
  expect(sessions.find({ cookie: pair })).toBeNull();
  expect(sessions.isAlive(session)).toBe(false);
});

test('no other cookie is one', () => {
  const sessions = new Sessions(() => 0);
  const { cookie } = idOf(sessions.begin(true).cookie);
  const wrong = [
    '',
    'acs-console=',
    `x${cookie}`,
    cookie.slice(0, -1),
    `${cookie}x`,
    cookie.replace('=', '=.'),
    'acs-console=__proto__',
  ];
  for (const one of wrong) expect(sessions.find({ cookie: one }), one).toBeNull();
  expect(sessions.find({})).toBeNull();
});

test('one too many ends the oldest, and a logout its own', () => {
  const sessions = new Sessions(() => 0);
  const all = Array.from({ length: consoleLimits.sessions + 1 }, () => sessions.begin(false));
  expect(all.map(({ session }) => sessions.isAlive(session)).indexOf(true)).toBe(1);
  expect(sessions.end(idOf(all[5]!.cookie), true)).toMatch(/^acs-console=; .*Max-Age=0; .*Secure$/);
  expect(sessions.isAlive(all[5]!.session)).toBe(false);
  expect(sessions.isAlive(all[6]!.session)).toBe(true);
});
