/** What a real server says into calls: counted, heard as ACS would play it, written down. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SimulateOptions } from '../../src/simulator/options.ts';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { temporaryFolder } from '../support/folders.ts';
import { always, judgingTimes } from '../support/starvation.ts';
import { audioOf, type ReceivedCall, RecordingServer } from './support/server.ts';

const frameBytes = 640;

/** Frames of which no two are the same, and no sample is zero. */
function speech(count: number, from = 1): Buffer {
  const pcm = Buffer.alloc(count * frameBytes);
  for (let i = 0; i < pcm.length; i += 2) pcm.writeInt16LE(from + Math.floor(i / frameBytes), i);
  return pcm;
}

function say(call: ReceivedCall, pcm: Buffer, bytes = frameBytes): void {
  for (let at = 0; at < pcm.length; at += bytes) {
    const data = pcm.subarray(at, at + bytes).toString('base64');
    call.socket.send(`{"Kind":"AudioData","AudioData":{"Data":"${data}"},"StopAudio":null}`);
  }
}

function stop(call: ReceivedCall): void {
  call.socket.send('{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}');
}

const later = (ms: number, action: () => void) => setTimeout(action, ms);

async function run(accepted: (call: ReceivedCall, n: number) => void, options: Partial<SimulateOptions> = {}) {
  let n = 0;
  await using server = await RecordingServer.start({ accepted: (call) => accepted(call, n++) });
  const report = await simulateCalls({ url: server.url, durationMs: 1500, seed: 3, ...options });
  return { report, server };
}

/** The two recordings of a call, without their headers. */
function recordings(folder: string): { received: Buffer; heard: Buffer } {
  const read = (name: string) => {
    const bytes = readFileSync(join(folder, name));
    expect(bytes.readUInt32LE(76)).toBe(bytes.length - 80);
    return bytes.subarray(80);
  };
  return { received: read('received.wav'), heard: read('heard.wav') };
}

/** Where audio is in a recording, as runs of what is not silence. */
function runs(pcm: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let from = -1;
  for (let i = 0; i <= pcm.length; i += 2) {
    const isSilent = i === pcm.length || pcm.readInt16LE(i) === 0;
    if (!isSilent && from < 0) from = i;
    if (isSilent && from >= 0) {
      found.push(pcm.subarray(from, i));
      from = -1;
    }
  }
  return found;
}

describe('an answer that comes at once', () => {
  it(
    'is played in order at the pace of real time',
    judgingTimes(async () => {
      const folder = temporaryFolder();
      const { report } = await run((call) => say(call, speech(50)), { durationMs: 2000, saveHeard: folder });
      const { heard, ok, perCall } = report;
      await always(() => {
        expect(heard).toMatchObject({ messages: 50, audioMessages: 50, stopAudios: 0 });
        expect(heard.frames).toMatchObject({ received: 50, overrun: 0, cleared: 0, afterHangUp: 0, soonAfterStop: 0 });
        expect(heard.frames.heard + heard.frames.unplayed).toBe(50);
        expect(heard.leadMs.max).toBeLessThan(1021);
      });
      expect([ok, heard.frames.heard, heard.utterances]).toEqual([true, 50, 1]);
      expect(heard.underruns).toEqual({ count: 0, ms: 0 });
      expect(heard.leadMs.max).toBeGreaterThan(900);
      const { received, heard: pcm } = recordings(join(folder, perCall[0]!.callConnectionId));
      expect(received.equals(speech(50))).toBe(true);
      expect(runs(pcm)).toEqual([speech(50)]);
      expect(pcm.length).toBeGreaterThan(1900 * 32);
    }),
  );

  it(
    'is cut by StopAudio, and what follows is heard',
    judgingTimes(async () => {
      const folder = temporaryFolder();
      const { report } = await run(
        (call) => {
          say(call, speech(50));
          later(305, () => stop(call));
          later(800, () => say(call, speech(10, 100)));
        },
        { saveHeard: folder, durationMs: 2000 },
      );
      const { frames, stopAudios, utterances, underruns } = report.heard;
      expect([frames.received, stopAudios, utterances, underruns.count]).toEqual([60, 1, 2, 0]);
      expect(frames.cleared + frames.heard + frames.unplayed).toBe(60);
      expect([frames.unplayed, frames.soonAfterStop]).toEqual([0, 0]);
      // 305 ms are sixteen frames that have begun, if nobody is late.
      const heardFirst = frames.heard - 10;
      expect(Math.abs(heardFirst - 16)).toBeLessThanOrEqual(2);
      const { received, heard } = recordings(join(folder, report.perCall[0]!.callConnectionId));
      expect(received.equals(Buffer.concat([speech(50), speech(10, 100)]))).toBe(true);
      expect(runs(heard)).toEqual([speech(heardFirst), speech(10, 100)]);
    }),
  );
});

it(
  'audio right behind a StopAudio is counted as such',
  judgingTimes(async () => {
    const { report } = await run((call) => {
      say(call, speech(20));
      stop(call);
      say(call, speech(3));
      later(900, () => say(call, speech(2)));
    });
    expect(report.heard).toMatchObject({ stopAudios: 1, frames: { received: 25, soonAfterStop: 3 } });
    expect(report.heard.frames.cleared).toBeGreaterThan(15);
  }),
);

it(
  'silence within an utterance is an underrun, a pause is none',
  judgingTimes(async (machine) => {
    const folder = temporaryFolder();
    const { report } = await run(
      (call) => {
        say(call, speech(5));
        later(300, () => say(call, speech(5, 50)));
        later(1200, () => say(call, speech(5, 100)));
      },
      { durationMs: 2000, saveHeard: folder },
    );
    const { underruns, utterances, frames } = report.heard;
    expect([underruns.count, utterances, frames.heard]).toEqual([1, 2, 15]);
    expect(Math.abs(underruns.ms - 200)).toBeLessThan(40 + machine.worstMs);
    const { heard } = recordings(join(folder, report.perCall[0]!.callConnectionId));
    expect(runs(heard)).toEqual([speech(5), speech(5, 50), speech(5, 100)]);
  }),
);

it(
  'a server that paces is seen to pace',
  judgingTimes(async (machine) => {
    const { report } = await run(
      (call) => {
        const startMs = performance.now();
        let sent = 0;
        const timer = setInterval(() => {
          // Up to 200 ms ahead, on an absolute clock.
          const due = Math.floor((performance.now() - startMs + 200) / 20);
          if (sent < due) say(call, speech(due - sent));
          sent = Math.max(sent, due);
        }, 60);
        call.socket.on('close', () => clearInterval(timer));
      },
      { durationMs: 3000, sampleRate: 16_000 },
    );
    const { pace, leadMs, underruns } = report.heard;
    expect(underruns.count).toBe(0);
    expect(leadMs.max).toBeLessThan(400 + machine.worstMs);
    expect(leadMs.p50).toBeGreaterThan(120 - machine.worstMs);
    expect(pace).toBeGreaterThan(0.99);
    expect(pace).toBeLessThan(1.15);
  }),
);

it(
  'the end of an answer that the hang-up cuts off and what comes after it are counted apart',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const { report } = await run(
      (call) => {
        say(call, speech(50));
        // It does not see the close, and continues.
        call.socket.pause();
        later(700, () => {
          say(call, speech(3));
          stop(call);
          call.socket.resume();
        });
      },
      { durationMs: 300, saveHeard: folder },
    );
    const { frames, stopAudios } = report.heard;
    expect([frames.received, frames.afterHangUp, stopAudios, frames.cleared]).toEqual([53, 3, 1, 0]);
    expect(frames.heard + frames.unplayed).toBe(50);
    expect(frames.heard).toBeGreaterThan(10);
    expect(frames.unplayed).toBeGreaterThan(20);
    const { heard, received } = recordings(join(folder, report.perCall[0]!.callConnectionId));
    expect(runs(heard)).toEqual([speech(frames.heard)]);
    expect(received.equals(speech(50))).toBe(true);
  }),
);

it('broken messages are counted by reason, and the call continues', async () => {
  const { report } = await run(
    (call) => {
      const audio = (data: string) => call.socket.send(`{"kind":"AudioData","audioData":{"data":"${data}"}}`);
      call.socket.send('hello');
      call.socket.send(Buffer.from('{"Kind":"StopAudio"}'));
      call.socket.send('{"StopAudio":{}}');
      for (let i = 0; i < 3; i++) call.socket.send('{"Kind":"Transcription"}');
      audio('???');
      audio('AAAA');
      audio(Buffer.alloc(960).toString('base64'));
      audio(Buffer.alloc(1000).toString('base64'));
    },
    { durationMs: 500 },
  );
  expect(report).toMatchObject({ ok: true, received: { messages: 10 } });
  expect(report.heard).toMatchObject({
    messages: 10,
    audioMessages: 2,
    stopAudios: 0,
    broken: { notJson: 2, noKind: 1, unknownKind: 3, badBase64: 1, oddLength: 1 },
    otherRateMessages: 1,
    frames: { received: 3.063 },
  });
});

it('a server that says nothing is heard as nothing, and nothing is made for it', async () => {
  const folder = temporaryFolder();
  const { report } = await run(() => {}, { durationMs: 100, saveHeard: folder });
  expect(report.heard).toMatchObject({ messages: 0, frames: { received: 0 }, pace: null, leadMs: { max: 0 } });
  expect(report.perCall[0]!.heard).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

it('what a server sends without end is neither held nor played without end', async () => {
  const { report } = await run((call) => say(call, Buffer.alloc(200 * 32_000, 1), 32_000), { durationMs: 5000 });
  const { frames } = report.heard;
  expect(frames.received).toBe(10_000);
  expect(frames.overrun).toBeGreaterThan(3500);
  expect(frames.overrun).toBeLessThanOrEqual(4000);
  expect(frames.heard + frames.unplayed + frames.overrun + frames.afterHangUp).toBe(10_000);
});

it('a message of more than 8 MiB ends the call', async () => {
  const { report } = await run((call) => call.socket.send('x'.repeat(9 * 2 ** 20)));
  expect(report).toMatchObject({ ok: false, calls: { ended_early: 1 }, received: { messages: 0 } });
});

it('recordings never overwrite others', async () => {
  const folder = temporaryFolder();
  const calls = { calls: 2, saveHeard: folder };
  const first = await run((call) => say(call, speech(2)), calls);
  const folders = first.report.perCall.map(({ heard }) => heard!.folder!);
  expect(folders).toEqual(first.report.perCall.map(({ callConnectionId }) => join(folder, callConnectionId)));
  const before = folders.map((path) => readFileSync(join(path, 'received.wav')));
  const second = await run((call) => say(call, speech(3, 9)), calls);
  expect(second.report).toMatchObject({ ok: true, saveError: null });
  expect(second.report.perCall.map(({ heard }) => heard!.folder)).toEqual(folders.map((path) => `${path}-2`));
  expect(folders.map((path) => readFileSync(join(path, 'received.wav')))).toEqual(before);
  for (const path of folders) expect(recordings(`${path}-2`).received.equals(speech(3, 9))).toBe(true);
});

it('a folder that goes away is reported, and the run continues', async () => {
  const folder = temporaryFolder();
  const heard = join(folder, 'heard');
  const { report } = await run(
    (call) => {
      rmSync(heard, { recursive: true });
      say(call, speech(100));
    },
    { saveHeard: heard },
  );
  expect(report).toMatchObject({ ok: false, calls: { completed: 1 }, heard: { frames: { received: 100 } } });
  expect(report.saveError).toContain('ENOENT');
  expect(existsSync(heard)).toBe(false);
  await expect(run(() => {}, { saveHeard: '/dev/null/heard' })).rejects.toThrow('--save-heard /dev/null/heard');
});

describe('marks', () => {
  const marked = (call: ReceivedCall, pcm: Buffer, id: string) =>
    call.socket.send(
      JSON.stringify({ Kind: 'AudioData', AudioData: { Data: pcm.toString('base64'), Mark: { Id: id } } }),
    );
  const answers = (call: ReceivedCall) =>
    call.messages.filter(({ text }) => text.includes('MarkData')).map(({ text }) => JSON.parse(text).markData);
  const server = (call: ReceivedCall) => {
    marked(call, speech(5), 'first');
    marked(call, speech(5), 'second');
    marked(call, speech(100), 'third');
    marked(call, Buffer.alloc(0), 'fourth');
    later(800, () => stop(call));
    later(900, () => marked(call, speech(2), 'fifth'));
    // Cut off by the hang-up: not answered.
    later(1000, () => marked(call, speech(200), 'sixth'));
  };

  it(
    'are answered when they are played or cancelled, if they are asked for',
    judgingTimes(async () => {
      const { report, server: seen } = await run(server, { marks: true });
      expect(answers(seen.calls[0]!)).toEqual([
        { id: 'first', status: 'Completed' },
        { id: 'second', status: 'Completed' },
        { id: 'third', status: 'Cancelled' },
        { id: 'fourth', status: 'Cancelled' },
        { id: 'fifth', status: 'Completed' },
      ]);
      expect(report.heard.marks).toEqual({ completed: 3, cancelled: 2 });
      const { messages } = report.expected;
      expect([messages.ignored, messages.received]).toEqual([5, seen.calls[0]!.messages.length]);
    }),
  );

  it('are not answered by default', async () => {
    const { report, server: seen } = await run(server);
    expect(answers(seen.calls[0]!)).toEqual([]);
    expect(report.heard.marks).toEqual({ completed: 0, cancelled: 0 });
  });
});

it(
  'a network that stands still takes nothing from the server either, and then all',
  judgingTimes(async (machine) => {
    let pongs: number[] = [];
    let sent = 0;
    const { report } = await run(
      (call) => {
        pongs = [];
        sent = 0;
        call.socket.on('pong', () => pongs.push(performance.now()));
        const timer = setInterval(() => {
          call.socket.ping();
          say(call, speech(1));
          sent++;
        }, 20);
        call.socket.on('close', () => clearInterval(timer));
        later(1800, () => clearInterval(timer));
      },
      { durationMs: 2500, stallMs: 700 },
    );
    await always(() => {
      expect(report.ok).toBe(true);
      expect(report.heard.frames.received).toBe(sent);
    });
    const longestMs = Math.max(...pongs.slice(1).map((at, i) => at - pongs[i]!));
    expect(longestMs).toBeGreaterThan(600);
    expect(longestMs).toBeLessThan(900 + machine.worstMs);
  }),
);

it(
  'a connection that breaks off is dialled again, nothing is said twice, and what is queued goes on',
  judgingTimes(async () => {
    const folder = temporaryFolder();
    const { report, server } = await run(
      (call, n) => {
        if (n === 0) say(call, speech(60));
        if (n === 1) say(call, speech(40, 61));
      },
      { durationMs: 2800, reconnectEveryMs: 500, saveHeard: folder },
    );
    await always(() => {
      expect(report.calls).toMatchObject({ dialled: 1, opened: 1, completed: 1 });
      expect(server.calls.length).toBe(report.calls.reconnections + 1);
    });
    const { reconnections } = report.calls;
    expect(report.ok).toBe(true);
    expect(reconnections).toBeGreaterThanOrEqual(3);
    const ids = server.calls.map(({ headers, messages }) => [
      headers['x-ms-call-connection-id'],
      JSON.parse(messages[0]!.text).audioMetadata.subscriptionId,
    ]);
    const { callConnectionId, subscriptionId } = report.perCall[0]!;
    expect(ids).toEqual(ids.map(() => [callConnectionId, subscriptionId]));
    const stamps = server.calls.flatMap((call) => (audioOf(call).get('') ?? []).map(({ timestamp }) => timestamp));
    expect([stamps.length, new Set(stamps).size]).toEqual([140, 140]);
    expect(report.expected.messages).toMatchObject({ control: reconnections + 1, received: reconnections + 141 });
    expect(report.heard.frames).toMatchObject({ received: 100, heard: 100 });
    expect(runs(recordings(join(folder, callConnectionId)).heard)).toEqual([speech(100)]);
  }),
);
