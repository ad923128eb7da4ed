/**
 * The whole decoder on batches as a lane brings them: scan, participant, base64, timeline, jitter, counters. Once with
 * 1,000 streams, whose state does not fit into the processor's nearest cache, and once with one stream that stays hot.
 */
import { frameDurationMs } from '../../src/base/limits.ts';
import { audioMessages, metadataMessage, timestampText } from './messages.ts';
import { LaneRig } from './rig.ts';
import type { Step } from './steps.ts';

/** Two milliseconds of 1,000 streams. */
const batchSize = 100;

export async function batchSteps(sampleRate: number): Promise<Step[]> {
  return [
    await batchStep('FrameDecoder, batches of 100, 1,000 streams', 1000, sampleRate),
    await batchStep('FrameDecoder, batches of 100, one hot stream', 1, sampleRate),
  ];
}

async function batchStep(name: string, streamCount: number, sampleRate: number): Promise<Step> {
  const messages = audioMessages(streamCount, sampleRate);
  const rig = await LaneRig.create(streamCount, metadataMessage(sampleRate));
  // Metadata is no audio: each stream has begun with one message that the scanner left to the general parser.
  const irregular = rig.irregular;
  let stream = 0;
  let frame = 0;
  let text = timestampText(frame);
  let nowMs = 0;
  let pushed = 0;
  let committed = 0;
  /** The next frame of the next streams, with the timestamps and the arrivals that follow. */
  const prepare = () => {
    for (let i = 0; i < batchSize; i++) {
      const { bytes, timestampAt } = messages[stream]!;
      bytes.write(text, timestampAt, 'latin1');
      nowMs = (frame + 1) * frameDurationMs + (stream / streamCount) * frameDurationMs + ((frame + stream) % 5) * 0.1;
      rig.push(stream, nowMs, bytes);
      pushed++;
      if (++stream < streamCount) continue;
      stream = 0;
      text = timestampText(++frame);
    }
  };
  return {
    name,
    column: 'time per frame',
    unit: 'ns',
    perRun: batchSize,
    prepare,
    isAsync: false,
    run: () => {
      committed = rig.decode(nowMs + 1);
      return committed;
    },
    check: () => {
      if (committed !== pushed) throw new Error(`${name}: ${pushed} messages, ${committed} committed`);
      if (rig.irregular !== irregular)
        throw new Error(`${name}: ${rig.irregular - irregular} messages went another way`);
    },
    stop: () => rig.stop(),
    isWhole: true,
  };
}
