/** The upgrade: what is accepted, what is refused, and with which answer. Main thread. */
import type { Answer } from '../dial.ts';
import { callHeaders, type Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';
import { hasCredentials, type Target, withoutCredentials, withPath, withWrongCredentials } from '../target.ts';

async function handshake(kit: Kit): Promise<void> {
  const answers: Answer[] = [];
  for (let i = 0; i < 5; i++) {
    const answer = await kit.dial({ callHeaders: callHeaders(kit.nextIdentity()) });
    if (answer.link === null) kit.fail(`the server ${answer.seen}`);
    for (const fault of answer.faults) kit.fail(`the server answered with ${fault}`);
    answers.push(answer);
    answer.link.reset();
  }
  const slowestMs = Math.max(...answers.map(({ handshakeMs }) => handshakeMs));
  const seen = `the slowest of ${answers.length} took ${Math.round(slowestMs)} ms`;
  if (slowestMs > kit.timing.lateMs) kit.warn(seen);
  else kit.note(seen);
}

async function headerCase(kit: Kit): Promise<void> {
  const { callConnectionId, correlationId } = kit.nextIdentity();
  const spellings = [
    { 'X-MS-CALL-CONNECTION-ID': callConnectionId, 'X-MS-CALL-CORRELATION-ID': correlationId },
    { 'X-Ms-Call-Connection-Id': callConnectionId, 'X-Ms-Call-Correlation-Id': correlationId },
  ];
  for (const spelling of spellings) {
    const link = await kit.open({ callHeaders: spelling }, `the call with ${Object.keys(spelling)[0]}`);
    await kit.assertAlive(link, 'the upgrade');
    link.reset();
  }
}

async function noCallHeaders(kit: Kit): Promise<void> {
  const answer = await kit.dial();
  if (answer.link !== null) return kit.assertAlive(answer.link, 'an upgrade without call headers');
  const seen = `without x-ms-call-connection-id the server ${answer.seen}`;
  if (answer.status === null) kit.fail(seen);
  kit.warn(seen);
}

async function wrongPath(kit: Kit): Promise<void> {
  const answer = await kit.dial({}, withPath(kit.target, `/no-such-path-${kit.nextIdentity().callConnectionId}`));
  if (answer.status !== null && answer.status >= 400 && answer.status < 500) return;
  if (answer.link !== null) return kit.warn('a call to another path was let in');
  if (answer.isSilent || answer.faults.length > 0) kit.fail(`the server ${answer.seen}`);
  kit.warn(`the server ${answer.seen}: 404 would say why`);
}

async function noUpgrade(kit: Kit): Promise<void> {
  const answer = await kit.dial({ isPlain: true });
  if (answer.link !== null) kit.fail('the server switched to WebSocket (101) although it was not requested');
  if (answer.faults.length > 0) kit.fail(`the server ${answer.seen}`);
  if (answer.status === null) kit.warn(`the server ${answer.seen}`);
  else if (answer.status >= 500) kit.warn(`the server ${answer.seen}: a load balancer takes that for a sick server`);
}

/** An unauthorized peer tries to connect. */
async function intrude(kit: Kit, target: Target, who: string): Promise<void> {
  const answer = await kit.dial({ callHeaders: callHeaders(kit.nextIdentity()) }, target);
  if (answer.link === null) {
    if (answer.isSilent) kit.fail(`${who}: the server ${answer.seen}, and holds the connection`);
    if (answer.status === null) kit.warn(`${who}: the server ${answer.seen}: 401 would say why`);
    return;
  }
  const ending = await answer.link.ended(Math.min(kit.timing.patienceMs, 4 * kit.timing.watchMs));
  if (ending === null) kit.fail(`${who} is let in`);
  else kit.warn(`${who} is let in first; then the server ${ending.seen}`);
}

const noCredentials = 'no --token, and no header or query value that looks like a credential';

async function noToken(kit: Kit): Promise<void> {
  if (hasCredentials(kit.target)) return intrude(kit, withoutCredentials(kit.target), 'a call without a token');
  kit.warn(`lets everyone in: ${noCredentials} was given, and calls are let in`);
}

async function badToken(kit: Kit): Promise<void> {
  if (hasCredentials(kit.target)) return intrude(kit, withWrongCredentials(kit.target), 'a call with a wrong token');
  kit.findings.push({ verdict: 'not applicable', seen: `${noCredentials} was given that could be wrong` });
}

export const upgrades: readonly Scenario[] = [
  {
    name: 'handshake',
    does: 'five upgrades as ACS sends them: no sub-protocol, no extension',
    must: '101 as RFC 6455 wants it, agreeing to nothing that was not offered; slower than a second is a warning',
    source: 'inferred',
    matters: 'a strict client gives up; ACS reports 8581',
    remedy: 'leave the handshake to a WebSocket library; require no sub-protocol',
    run: handshake,
  },
  {
    name: 'header-case',
    does: 'the call headers in capitals and in mixed case',
    must: 'the call is let in: names of HTTP headers have no case',
    source: 'inferred',
    matters: 'proxies and HTTP stacks change the case',
    remedy: 'look headers up without case',
    run: headerCase,
  },
  {
    name: 'no-call-headers',
    does: 'an upgrade without x-ms-call-connection-id and x-ms-call-correlation-id',
    must: 'the call is let in; refusing it is a warning, breaking of it a failure',
    source: 'inferred',
    matters: 'the headers tell which call it is; they prove nothing and may be missing',
    remedy: 'give such a stream an id of your own',
    run: noCallHeaders,
  },
  {
    name: 'wrong-path',
    does: 'an upgrade on another path',
    must: 'an answer with 4xx; letting it in is a warning, no answer a failure',
    source: 'internet',
    matters: 'scanners try every path, and each one let in takes a place',
    remedy: 'give the WebSocket server its path; refuse with 404 before the upgrade',
    run: wrongPath,
  },
  {
    name: 'no-upgrade',
    does: 'a plain GET on the path of the audio',
    must: 'any HTTP answer but 101; none is a warning',
    source: 'internet',
    matters: 'load balancers and browsers come without an upgrade; what is not answered holds a connection',
    remedy: 'answer it, with 400 or 426',
    run: noUpgrade,
  },
  {
    name: 'no-token',
    does: 'the same upgrade without the token that was given here',
    must: 'refused before the upgrade; let in first and closed later is a warning, as is a server that never asks',
    source: 'documented',
    matters: 'anyone who knows the address can send audio, and hold places that calls need',
    remedy: "check ACS's JWT (Authorization) or a secret in the address, and refuse with 401 before the upgrade",
    run: noToken,
  },
  {
    name: 'bad-token',
    does: 'the same upgrade with a token that is wrong in its second half',
    must: 'refused before the upgrade; let in first and closed later is a warning',
    source: 'documented',
    matters: 'a token that is decoded but not verified lets everyone in',
    remedy: 'verify signature, issuer, audience and time; compare secrets as a whole',
    run: badToken,
  },
];
