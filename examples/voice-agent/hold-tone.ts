/** What a caller hears while the model is away: two soft beeps every four seconds, so that nobody takes the line for dead. Worker thread. */
import type { PlaybackWriter } from '../../src/index.ts';

const sampleRate = 16_000;
const firstMs = 2_000;
const everyMs = 4_000;
const beepMs = 120;
const hz = 440;

function beeps(): Int16Array {
  const beep = (beepMs * sampleRate) / 1000;
  const samples = new Int16Array(3 * beep);
  for (let i = 0; i < samples.length; i++) {
    const within = i % (2 * beep);
    if (within >= beep) continue;
    // Rising and falling slowly: no click.
    samples[i] = 2_000 * Math.sin((Math.PI * within) / beep) * Math.sin((2 * Math.PI * hz * i) / sampleRate);
  }
  return samples;
}

export class HoldTone {
  private timer: NodeJS.Timeout | null = null;

  start(playback: PlaybackWriter): void {
    this.stop();
    this.timer = setTimeout(() => this.play(playback), firstMs);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private play(playback: PlaybackWriter): void {
    this.timer = setTimeout(() => this.play(playback), everyMs);
    // The model may have said more than was heard yet.
    if (playback.isPlaying) return;
    const tone = playback.begin({ sampleRate, id: 'hold' });
    tone.write(beeps());
    tone.end();
  }
}
