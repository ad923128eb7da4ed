/**
 * A recogniser of Azure Speech behind the example's interface: one push stream and one continuous recognition for each
 * participant. It is given utterances only, each followed by a little silence, so silence is neither sent nor paid for.
 * What is not understood because the service was away is told on standard error, and gone; with the next utterance it is
 * tried again. Worker thread.
 */
import speech from 'microsoft-cognitiveservices-speech-sdk';
import sockets from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.browser/WebsocketMessageAdapter.js';
import type { Track } from '../../src/index.ts';
import type { Recogniser, TellText, Utterance } from './recogniser.ts';

// Else the SDK (1.52) takes the WebSocket of Node.js 22, which says nothing of a connection that fails: neither would the SDK.
sockets.WebsocketMessageAdapter.forceNpmWebSocket = true;

const bitsPerSample = 16;
/** What the service takes for the end of a sentence: it waits for half a second of silence by default. */
const silenceMs = 800;
/** Times of the service are in units of 100 ns. */
const ticksPerMs = 10_000;
/** How long the service may take for its last words. */
const closeMsMax = 5_000;

/** One participant's recognition. */
class Session {
  readonly ended = Promise.withResolvers<void>();
  private readonly stream: speech.PushAudioInputStream;
  private readonly recognizer: speech.SpeechRecognizer;
  private readonly sampleRate: number;
  /** Utterances that can still get a text, each with where it begins in the stream. */
  private pushed: { readonly atMs: number; readonly utterance: Utterance }[] = [];
  private streamMs = 0;

  constructor(config: speech.SpeechConfig, sampleRate: number, tell: TellText) {
    this.sampleRate = sampleRate;
    const format = speech.AudioStreamFormat.getWaveFormatPCM(sampleRate, bitsPerSample, 1);
    this.stream = speech.AudioInputStream.createPushStream(format);
    this.recognizer = new speech.SpeechRecognizer(config, speech.AudioConfig.fromStreamInput(this.stream));
    this.recognizer.recognized = (_sender, { result }) => {
      const utterance = this.utteranceAt(result.offset / ticksPerMs);
      if (utterance !== null && result.text !== '') tell(utterance, result.text);
    };
    this.recognizer.canceled = (_sender, { reason, errorDetails }) => {
      if (reason === speech.CancellationReason.Error) console.error(`Azure Speech: ${errorDetails}`);
      this.ended.resolve();
    };
    this.recognizer.sessionStopped = () => this.ended.resolve();
    void this.ended.promise.then(() => this.recognizer.close());
    this.recognizer.startContinuousRecognitionAsync();
  }

  push(utterance: Utterance): void {
    this.pushed.push({ atMs: this.streamMs, utterance });
    const silence = new ArrayBuffer((silenceMs * this.sampleRate * bitsPerSample) / 8 / 1000);
    this.stream.write(utterance.samples.buffer);
    this.stream.write(silence);
    this.streamMs += (utterance.samples.length * 1000) / this.sampleRate + silenceMs;
  }

  /** The service still gets what was pushed, and says its last words. */
  finish(): void {
    this.stream.close();
  }

  /** What was said at this place of the stream. Texts come in order, so what is before it has had its own. */
  private utteranceAt(ms: number): Utterance | null {
    const index = this.pushed.findLastIndex(({ atMs }) => atMs <= ms);
    if (index > 0) this.pushed = this.pushed.slice(index);
    return this.pushed[0]?.utterance ?? null;
  }
}

export class AzureSpeech implements Recogniser {
  private readonly config: speech.SpeechConfig;
  private readonly tell: TellText;
  private readonly sessions = new Map<string, Session>();

  constructor(config: speech.SpeechConfig, tell: TellText) {
    this.config = config;
    this.tell = tell;
  }

  /** `SPEECH_KEY`, and `SPEECH_REGION` or, for a container of one's own, `SPEECH_HOST`; `SPEECH_LANGUAGE` if not English. */
  static fromEnvironment(tell: TellText): AzureSpeech {
    const { SPEECH_KEY: key, SPEECH_REGION: region, SPEECH_HOST: host, SPEECH_LANGUAGE: language } = process.env;
    if (host === undefined && (key === undefined || region === undefined))
      throw new Error('set SPEECH_KEY and SPEECH_REGION, or SPEECH_HOST');
    const config =
      host !== undefined
        ? speech.SpeechConfig.fromHost(new URL(host), key)
        : speech.SpeechConfig.fromSubscription(key!, region!);
    if (language !== undefined) config.speechRecognitionLanguage = language;
    return new AzureSpeech(config, tell);
  }

  push(utterance: Utterance): void {
    const { track } = utterance;
    const name = nameOf(track);
    let session = this.sessions.get(name);
    if (session === undefined) {
      const created = new Session(this.config, track.sampleRate, this.tell);
      void created.ended.promise.then(() => {
        if (this.sessions.get(name) === created) this.sessions.delete(name);
      });
      this.sessions.set(name, created);
      session = created;
    }
    session.push(utterance);
  }

  end(track: Track): void {
    this.sessions.get(nameOf(track))?.finish();
  }

  async close(): Promise<void> {
    const sessions = [...this.sessions.values()];
    for (const session of sessions) session.finish();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, closeMsMax);
    await Promise.race([Promise.all(sessions.map(({ ended }) => ended.promise)), late.promise]);
    clearTimeout(timer);
  }
}

function nameOf({ streamId, participantId, sampleRate }: Track): string {
  return JSON.stringify([streamId, participantId, sampleRate]);
}
