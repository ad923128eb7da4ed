/**
 * Draws docs/images/call-file.svg: the channels of a `call.wav` that a real gateway made of a call in which people join, pause and leave.
 * `npm run docs:waveforms`. What is drawn is read from the file alone.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeWav, type WavAudio } from '../src/base/wav.ts';
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

function draw(wav: WavAudio, names: readonly string[]): string {
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
  const ticks = Array.from({ length: Math.floor(seconds / 5) + 1 }, (_, n) => {
    const x = left + ((width - left - right) * n * 5) / seconds;
    return `<path d='M${x.toFixed(1)} ${top}V${height - bottom + 4}' stroke='#e2e8f0'/>${text(Number(x.toFixed(1)), height - 12, 'middle', `${n * 5} s`)}`;
  });
  return `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ${width} ${height}' font-family='system-ui, sans-serif' font-size='12' fill='#334155'>
<title>Waveforms of the channels of a call.wav</title>
<rect width='${width}' height='${height}' fill='#fff'/>
${ticks.join('\n')}
${channels.join('\n')}
</svg>
`;
}

const folder = mkdtempSync(join(tmpdir(), 'acs-waveforms-'));
const note = JSON.parse(readFileSync(await record(folder), 'utf8')) as { channels: string[][] };
const wav = decodeWav(readFileSync(join(folder, 'call', 'call.wav')));
rmSync(folder, { recursive: true });
writeFileSync(
  join(import.meta.dirname, 'images', 'call-file.svg'),
  draw(
    wav,
    note.channels.map((names) => names.join(', ')),
  ),
);
recordSources(['call-file.svg']);
