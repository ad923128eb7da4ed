/** Who is listened to, at what volume, how late it is heard. One voice at a time, or all of them mixed. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ListeningState, Sound } from './sound.ts';

/** A participant's index, or all of them. */
export type Voice = number | 'all';

export interface Listening {
  readonly voice: Voice | null;
  readonly state: ListeningState | null;
  readonly volume: number;
  readonly toggle: (voice: Voice) => void;
  readonly setVolume: (volume: number) => void;
}

/** Beyond the life of the component: the next call is as loud. */
let volumeLeft = 0.8;

export function useListening(stream: string): Listening {
  const sound = useRef<Sound | null>(null);
  const [voice, setVoice] = useState<Voice | null>(null);
  const [state, setState] = useState<ListeningState | null>(null);
  const [volume, setVolume] = useState(volumeLeft);
  useEffect(() => () => sound.current?.stop(), []);

  const stop = () => {
    const before = sound.current;
    sound.current = null;
    before?.stop();
    setVoice(null);
  };
  const toggle = (wanted: Voice) => {
    stop();
    if (wanted === voice) {
      setState(null);
      return;
    }
    setVoice(wanted);
    const next = new Sound(stream, wanted === 'all' ? null : wanted, volumeLeft, (state) => {
      // What is left of the one before says no more.
      if (sound.current !== null && sound.current !== next) return;
      setState(state);
      if (state.kind === 'ended') setVoice(null);
    });
    sound.current = next;
  };
  return {
    voice,
    state,
    volume,
    toggle,
    setVolume: (volume) => {
      volumeLeft = volume;
      setVolume(volume);
      sound.current?.setVolume(volume);
    },
  };
}

interface BarProps {
  readonly listening: Listening;
  readonly mayListen: boolean;
  /** Whom a mix would be made of. */
  readonly voices: number;
  /** Of the one that is listened to. */
  readonly name: string | null;
}

export function ListeningBar({ listening, mayListen, voices, name }: BarProps) {
  if (!mayListen) {
    return (
      <p class="listening dim">
        Listening is off. It begins with <code>--console-audio</code>; each listening is logged.
      </p>
    );
  }
  const { voice, state, volume } = listening;
  return (
    <section class="listening" aria-label="Listening">
      <button
        type="button"
        class="primary"
        aria-pressed={voice === 'all'}
        disabled={voices === 0}
        onClick={() => listening.toggle('all')}
      >
        {voice === 'all' ? '■ Stop' : '▶ Listen to all'}
      </button>
      <label class="volume">
        Volume
        <input
          type="range"
          min="0"
          max="1.5"
          step="0.05"
          value={volume}
          onInput={(event) => listening.setVolume(event.currentTarget.valueAsNumber)}
        />
      </label>
      <span class="sound-state" data-kind={state?.kind ?? 'off'}>
        {soundText(state, name)}
      </span>
    </section>
  );
}

function soundText(state: ListeningState | null, name: string | null) {
  if (state === null) return <span class="dim">each listening is logged</span>;
  if (state.kind === 'connecting') return 'connecting…';
  if (state.kind === 'ended') return <span role="status">{state.why}</span>;
  if (state.latencyMs === null) return `${name ?? 'all'}: nothing to hear`;
  return (
    <>
      hearing {name ?? 'all'}, <b class="latency">{Math.round(state.latencyMs)} ms</b> behind the call
      <span class="dim"> ({Math.round(state.bufferedMs)} ms in hand)</span>
    </>
  );
}
