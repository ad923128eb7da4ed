/** Calls as ACS plays them when nothing goes wrong. Main thread. */
import type { CallOptions, Kit } from '../kit.ts';
import type { Scenario } from '../scenario.ts';

const four = [
  '8:acs:00000000-0000-4000-8000-000000000001_00000000-0000-4000-8000-000000000002',
  '4:+15550100',
  '28:00000000-0000-4000-8000-000000000003',
  '4:+15550101',
] as const;

async function play(kit: Kit, options: CallOptions, what: string): Promise<void> {
  const call = await kit.call(options);
  await kit.expectOpen(call, what);
  const ending = await call.link.close(1000, kit.timing.patienceMs);
  if (ending === null) kit.fail(`the server did not answer the close frame within ${kit.timing.patienceMs} ms`);
}

const whole = 'the call is let in and continues, and its close is answered';

async function comeAndGo(kit: Kit): Promise<void> {
  const ids = [...four, '4:+15550102', '4:+15550103', '4:+15550104', '4:+15550105'];
  const call = await kit.call({ participants: ids });
  // Four at most at any moment; who speaks changes, and the first comes back.
  for (let turn = 0; turn <= ids.length; turn++) {
    const speaking = [0, 1, 2, 3].map((i) => ids[(turn + i) % ids.length]!);
    for (const participantRawID of speaking) {
      call.audio({ participantRawID });
      call.frame--;
    }
    call.frame += 50;
    await kit.assertAlive(call.link, `${Math.min(ids.length, turn + 4)} participants`);
  }
  await kit.expectOpen(call, 'eight participants');
  await kit.hangUp(call);
}

async function dtmf(kit: Kit): Promise<void> {
  const call = await kit.call({ participants: ['4:+15550100'] });
  for (const data of ['1', '*', '#', 'asterisk', 'pound', 'A']) {
    call.speak();
    call.link.send(JSON.stringify({ kind: 'DtmfData', dtmfData: { data } }));
    await kit.assertAlive(call.link, 'a DtmfData message');
  }
  const timestamp = call.timestamp();
  const full = { data: '5', timestamp, participantRawID: '4:+15550100' };
  call.link.send(JSON.stringify({ kind: 'DtmfData', dtmfData: full }));
  await kit.expectOpen(call, 'a DtmfData message with all fields');
  await kit.hangUp(call);
}

export const calls: readonly Scenario[] = [
  {
    name: 'clean-call',
    does: 'mixed audio of 16 kHz: metadata, then 50 frames a second, then close 1000',
    must: whole,
    source: 'documented',
    matters: 'this is what every call looks like: none will work',
    remedy: 'begin here; the other verdicts mean little before this one passes',
    run: (kit) => play(kit, {}, 'plain mixed audio'),
  },
  {
    name: 'mixed-24k',
    does: 'the same at 24 kHz: 960 bytes a frame',
    must: whole,
    source: 'documented',
    matters: 'the call application chooses the rate (audioFormat), and speech models often want 24 kHz',
    remedy: 'take the rate from AudioMetadata; do not take 640 bytes a frame for granted',
    run: (kit) => play(kit, { sampleRate: 24_000 }, 'mixed audio of 24 kHz'),
  },
  {
    name: 'unmixed',
    does: 'unmixed audio of four participants, 200 messages a second',
    must: whole,
    source: 'documented',
    matters: 'unmixed audio is the one that tells who speaks; four speakers at a time are usual',
    remedy: 'keep a track for each participantRawID, in whichever of its three forms',
    run: (kit) => play(kit, { participants: four }, 'unmixed audio of four participants'),
  },
  {
    name: 'participants-come-and-go',
    does: 'eight participants in one call, never more than four at a time; some stop and come back a second later',
    must: 'the call continues; more than four ids in a call are normal',
    source: 'documented',
    matters: 'ACS streams the four dominant speakers of the moment: in a meeting they change all the time',
    remedy: 'make room for a participant when the first message comes, and do not take a pause for the end',
    run: comeAndGo,
  },
  {
    name: 'dtmf',
    does: 'DtmfData between the audio: digits, *, #, and both spelled out; with and without time and participant',
    must: 'the call continues, whether the digits are used or not',
    source: 'official code',
    matters: 'a caller who presses a key would lose the stream',
    remedy: 'take the kind DtmfData in, or skip it; never log the digit: it may be a PIN',
    run: dtmf,
  },
];
