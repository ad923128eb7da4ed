/**
 * Draws docs/images/call-file.svg and docs/images/both-sides.svg: the channels of a `call.wav` that a real gateway made of a call in which
 * people join, pause and leave, and of one that is spoken into. `npm run docs:waveforms`. What is drawn is read from the file alone.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeWav, type WavAudio } from '../src/base/wav.ts';
import { PlaybackWriter, type StreamInfo, startGateway } from '../src/index.ts';
import { synthesizeVoice } from '../src/simulator/voice.ts';
import { AcsClient, audio, metadata } from '../test/support/acs-client.ts';
import { eventually, GatewayProcess } from '../test/support/gateway-process.ts';
import { recordSources } from './picture-sources.ts';

const sampleRate = 16_000;
const frameSamples = sampleRate / 50;

/** Who speaks when, in seconds. */
const people = [
  {
    id: '4:+15550100',
    spans: [
      [0, 9],
      [14, 22],
      [30, 36],
    ],
  },
  {
    id: '8:acs:anna',
    spans: [
      [8.5, 14],
      [23, 29.5],
    ],
  },
  {
    id: '8:acs:ben',
    spans: [
      [16.5, 18],
      [21, 24.5],
      [35, 40],
    ],
  },
  {
    id: '28:bot',
    spans: [
      [2, 4],
      [37, 38.5],
    ],
  },
] as const;

const isSpeaking = (spans: readonly (readonly [number, number])[], second: number) =>
  spans.some(([from, to]) => second >= from && second < to);

async function record(folder: string): Promise<string> {
  const gateway = await GatewayProcess.start('--ring-seconds', '60', '--sink', `wav:${folder}?call=multichannel`);
  const client = await AcsClient.connect(gateway.url, { 'x-ms-call-connection-id': 'call' });
  client.send(metadata());
  const voices = people.map((_, voice) => Buffer.from(synthesizeVoice(1, voice, sampleRate, 40 * sampleRate).buffer));
  for (let frame = 0; frame < 40 * 50; frame++) {
    for (const [index, { id, spans }] of people.entries()) {
      if (!isSpeaking(spans, frame / 50)) continue;
      const at = frame * frameSamples * 2;
      client.send(audio(frame, voices[index]!.subarray(at, at + frameSamples * 2), id));
    }
  }
  await client.hangUp();
  const note = join(folder, 'call', 'call.json');
  await eventually(() => existsSync(note));
  await gateway.drain();
  return note;
}

/** Who speaks when in the other call, in seconds: the caller interrupts the answer. */
const callerSpans = [
  [0.5, 3],
  [4.3, 7.6],
] as const;
const answers = [
  { atSeconds: 3.4, seconds: 6 },
  { atSeconds: 8.3, seconds: 3.5 },
] as const;
const interruptedAtSeconds = 4.6;
const conversationSeconds = 12;

/** A call that is spoken into, in real time. */
async function converse(folder: string): Promise<string> {
  const options = { port: 0, adminPort: 0, logLevel: 'silent', workers: 1 } as const;
  const gateway = await startGateway({ ...options, sink: `wav:${folder}?call=multichannel` });
  const connected = once(gateway, 'stream') as Promise<[StreamInfo]>;
  const client = await AcsClient.connect(`ws://127.0.0.1:${gateway.port}/audio`, { 'x-ms-call-connection-id': 'call' });
  client.send(metadata());
  const [stream] = await connected;
  const playback = new PlaybackWriter(stream.playback());
  const voice = (n: number, seconds: number) => synthesizeVoice(2, n, sampleRate, seconds * sampleRate);
  const caller = Buffer.from(voice(0, conversationSeconds).buffer);
  const words = answers.map(({ seconds }, n) => voice(n + 1, seconds));
  const [startMs, wallMs] = [performance.now(), Date.now()];
  const talk = async () => {
    for (let frame = 0; frame < conversationSeconds * 50; frame++) {
      await sleep(Math.max(0, startMs + frame * 20 - performance.now()));
      const at = frame * frameSamples * 2;
      const spoken = caller.subarray(at, at + frameSamples * 2);
      const pcm = isSpeaking(callerSpans, frame / 50) ? spoken : Buffer.alloc(frameSamples * 2);
      const timestamp = new Date(wallMs + frame * 20).toISOString();
      client.send(JSON.stringify({ kind: 'AudioData', audioData: { timestamp, data: pcm.toString('base64') } }));
    }
  };
  const speak = async ({ atSeconds }: (typeof answers)[number], n: number) => {
    await sleep(atSeconds * 1_000);
    const answer = playback.begin();
    answer.write(words[n]!);
    answer.end();
    await answer.played();
  };
  const interrupt = async () => {
    await sleep(interruptedAtSeconds * 1_000);
    playback.clear();
  };
  await Promise.all([talk(), interrupt(), ...answers.map(speak)]);
  await client.hangUp();
  await gateway.stop();
  return join(folder, 'call', 'call.json');
}

const [width, left, right, channelHeight, top, bottom] = [900, 120, 24, 80, 16, 34];
const ink = ['#2563eb', '#059669', '#d97706', '#9333ea'];

/** The lowest and highest sample of each column. */
function outline({ samples, channels }: WavAudio, channel: number, middle: number): string {
  const columns = width - left - right;
  const length = samples.length / channels;
  const scale = (channelHeight / 2 - 6) / 28_000;
  let path = '';
  for (let x = 0; x < columns; x++) {
    let [low, high] = [0, 0];
    for (let i = Math.floor((x * length) / columns); i < ((x + 1) * length) / columns; i++) {
      const value = samples[i * channels + channel] ?? 0;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low === 0 && high === 0) continue;
    path += `M${left + x} ${(middle - high * scale).toFixed(1)}V${(middle - low * scale + 0.5).toFixed(1)}`;
  }
  return path;
}

interface Mark {
  readonly second: number;
  readonly text: string;
}

function draw(wav: WavAudio, names: readonly string[], stepSeconds: number, mark: Mark | null): string {
  const seconds = wav.samples.length / wav.channels / wav.sampleRate;
  const height = top + names.length * channelHeight + bottom;
  const text = (x: number, y: number, anchor: string, content: string) =>
    `<text x='${x}' y='${y}' text-anchor='${anchor}'>${content}</text>`;
  const channels = names.map((name, channel) => {
    const middle = top + channel * channelHeight + channelHeight / 2;
    return `${text(left - 10, middle + 4, 'end', name)}
<path d='M${left} ${middle}H${width - right}' stroke='#cbd5e1'/>
<path d='${outline(wav, channel, middle)}' stroke='${ink[channel % ink.length]}'/>`;
  });
  const xAt = (second: number) => Number((left + ((width - left - right) * second) / seconds).toFixed(1));
  const line = (x: number, attributes: string) => `<path d='M${x} ${top}V${height - bottom + 4}' ${attributes}/>`;
  const ticks = Array.from({ length: Math.floor(seconds / stepSeconds) + 1 }, (_, n) => {
    const second = n * stepSeconds;
    return line(xAt(second), `stroke='#e2e8f0'`) + text(xAt(second), height - 12, 'middle', `${second} s`);
  });
  if (mark !== null) {
    const x = xAt(mark.second);
    channels.push(line(x, `stroke='#dc2626' stroke-dasharray='4 3'`) + text(x + 6, top + 10, 'start', mark.text));
  }
  return `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ${width} ${height}' font-family='system-ui, sans-serif' font-size='12' fill='#334155'>
<title>Waveforms of the channels of a call.wav</title>
<rect width='${width}' height='${height}' fill='#fff'/>
${ticks.join('\n')}
${channels.join('\n')}
</svg>
`;
}

async function picture(
  name: string,
  make: (folder: string) => Promise<string>,
  stepSeconds: number,
  mark: Mark | null,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'acs-waveforms-'));
  const note = JSON.parse(readFileSync(await make(folder), 'utf8')) as { channels: string[][] };
  const wav = decodeWav(readFileSync(join(folder, 'call', 'call.wav')));
  rmSync(folder, { recursive: true });
  const names = note.channels.map((channel) => channel.join(', '));
  writeFileSync(join(import.meta.dirname, 'images', name), draw(wav, names, stepSeconds, mark));
}

await picture('call-file.svg', record, 5, null);
await picture('both-sides.svg', converse, 1, { second: interruptedAtSeconds, text: 'clear()' });
recordSources(['call-file.svg', 'both-sides.svg']);
