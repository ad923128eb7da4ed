/** Settings of `serve` that name a call, say when it stalls, and what runs when its recording is finished. Any thread. */
import { setting } from './setting.ts';

export const callSettings = {
  labelQuery: setting.list({
    placeholder: 'NAME',
    pattern: /^[A-Za-z][\w.-]{0,63}$/,
    expects: 'a name of 1 to 64 letters, digits, _, - and . that begins with a letter',
    help: 'keep this value of the query as a label of the stream',
  }),
  labelPath: setting.flag({ help: 'keep the rest of the path as a label of the stream' }),
  stallAfterMs: setting.integer({
    fallback: 1_000,
    min: 200,
    max: 86_400_000,
    placeholder: 'MS',
    help: 'a stream that had audio and has none for so long stalls',
  }),
  onRecording: setting.text({
    fallback: null,
    placeholder: 'PROGRAM',
    help: 'run this for each call that was recorded, with its files as JSON on standard input',
  }),
} as const;
