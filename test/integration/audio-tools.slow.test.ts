/** Other people's tools judge the recordings: soxi and ffprobe, where this machine has them. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { simulateCalls } from '../../src/simulator/simulator.ts';
import { filesBelow, temporaryFolder } from '../support/folders.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';

test(
  "soxi and ffprobe find 16-bit mono PCM of the call's rate and length in every recording",
  needs('soxi', 'ffprobe'),
  async () => {
    const recordings = join(temporaryFolder(), 'recorded');
    const gateway = await GatewayProcess.start('--sink', `wav:${recordings}`);
    onTestFinished(() => gateway.kill());
    for (const sampleRate of [16_000, 24_000] as const) {
      await simulateCalls({
        url: gateway.url,
        calls: 2,
        participants: 2,
        durationMs: 1000,
        sampleRate,
        seed: sampleRate,
      });
    }
    await gateway.drain();

    const files = [...filesBelow(recordings, '.wav').keys()].map((name) => join(recordings, name));
    expect(files).toHaveLength(8);
    const rates: string[] = [];
    for (const file of files) {
      const soxi = (option: string) => execFileSync('soxi', [option, file]).toString().trim();
      rates.push(soxi('-r'));
      expect([soxi('-c'), soxi('-b'), soxi('-D')]).toEqual(['1', '16', '1.000000']);
      const probe = execFileSync('ffprobe', [
        '-v',
        'error',
        '-show_entries',
        'stream=codec_name,channels:format=duration',
        '-of',
        'csv=p=0',
        file,
      ]);
      expect(probe.toString().trim().split('\n')).toEqual(['pcm_s16le,1', '1.000000']);
    }
    expect(rates.sort()).toEqual([...Array<string>(4).fill('16000'), ...Array<string>(4).fill('24000')]);
  },
);
