/** The flags of `simulate`. Pure. */
import { optional, setting } from '../config/setting.ts';
import { defaults, ranges } from '../simulator/options.ts';
import { connectionSettings } from './connection-settings.ts';
import { reportSetting } from './report-setting.ts';

export const simulateSettings = {
  url: setting.text({ fallback: null, placeholder: 'URL', help: 'where to send the calls: ws:// or wss://; required' }),
  calls: setting.integer({ ...ranges.calls, fallback: defaults.calls, help: 'calls at the same time' }),
  participants: setting.integer({
    ...ranges.participants,
    fallback: defaults.participants,
    help: 'participants of each call (unmixed audio); 0 sends mixed audio',
  }),
  rate: setting.choice({ choices: ['16000', '24000'], fallback: '16000', help: 'samples per second' }),
  duration: setting.duration({
    fallbackMs: defaults.durationMs,
    minMs: ranges.durationMs.min,
    maxMs: ranges.durationMs.max,
    help: 'how long each call lasts',
  }),
  audio: setting.text({
    fallback: null,
    placeholder: 'FILE.wav',
    help: 'what is said: 16-bit PCM at --rate, played in a loop; else synthetic voices',
  }),
  seed: optional(
    setting.integer({
      ...ranges.seed,
      fallback: defaults.seed,
      help: 'ids, voices and impairments follow from it; else drawn, and reported',
    }),
  ),
  silence: setting.ratio({ fallback: defaults.silence, help: 'share of each call that is flagged silent' }),
  jitterMs: setting.number({
    ...ranges.jitterMs,
    fallback: defaults.jitterMs,
    help: 'every frame is delayed by 0 to this many milliseconds',
  }),
  stampJitterMs: setting.number({
    ...ranges.stampJitterMs,
    fallback: defaults.stampJitterMs,
    help: 'every timestamp is late by 0 to this many milliseconds',
  }),
  stampGridMs: setting.number({
    ...ranges.stampGridMs,
    fallback: defaults.stampGridMs,
    help: 'timestamps are multiples of this many milliseconds, as of a coarse clock',
  }),
  stampDriftPpm: setting.number({
    ...ranges.stampDriftPpm,
    fallback: defaults.stampDriftPpm,
    placeholder: 'PPM',
    help: 'the clock of timestamps is too fast by so many millionths',
  }),
  stall: setting.duration({
    fallbackMs: defaults.stallMs,
    minMs: ranges.stallMs.min,
    maxMs: ranges.stallMs.max,
    help: 'in the middle of the run the network stands still for so long; then everything arrives at once',
  }),
  stallEvery: optional(
    setting.duration({
      fallbackMs: defaults.stallEveryMs,
      minMs: 1000,
      maxMs: ranges.stallEveryMs.max,
      help: 'it stands still again and again, each time after so long; else once',
    }),
  ),
  loss: setting.ratio({ fallback: defaults.loss, help: 'share of frames that are never sent' }),
  duplicate: setting.ratio({ fallback: defaults.duplicate, help: 'share of frames that are sent twice' }),
  reorder: setting.ratio({ fallback: defaults.reorder, help: 'share of frames that change places with the next one' }),
  malformed: setting.ratio({ fallback: defaults.malformed, help: 'broken or unknown messages, per audio frame' }),
  churn: setting.number({
    ...ranges.churn,
    fallback: defaults.churn,
    placeholder: 'CALLS/S',
    help: 'calls per second that are hung up and replaced by new ones',
  }),
  reconnectEvery: optional(
    setting.duration({
      fallbackMs: defaults.reconnectEveryMs,
      minMs: 100,
      maxMs: ranges.reconnectEveryMs.max,
      help: 'each connection breaks off after so long and is dialled again for the same subscription',
    }),
  ),
  ramp: optional(
    setting.duration({
      fallbackMs: 0,
      minMs: ranges.rampMs.min,
      maxMs: ranges.rampMs.max,
      help: 'the calls are opened evenly over this time; else 2 ms a call, 2 s at most',
    }),
  ),
  ...connectionSettings,
  save: setting.text({
    fallback: null,
    placeholder: 'DIR',
    help: 'write what a perfect recorder must end up with, as WAV files',
  }),
  saveHeard: setting.text({
    fallback: null,
    placeholder: 'DIR',
    help: 'write what the server said into the calls, as it came and as it was heard, as WAV files',
  }),
  marks: setting.flag({ help: 'answer marks, as a beta of ACS does' }),
  bargeIn: optional(
    setting.duration({
      fallbackMs: defaults.bargeInMs,
      minMs: 20,
      maxMs: ranges.bargeInMs.max,
      help: 'callers speak 2 s, listen, and speak over each answer so long after it is first heard; else they speak all the time',
    }),
  ),
  echoTest: setting.flag({
    help: 'say bursts of noise, find them in what is heard, and tell the time from mouth to ear',
  }),
  report: reportSetting,
  check: setting.flag({ help: 'judge the server by named scenarios instead; it has flags of its own: --check --help' }),
};
