/** How subjects are called: `<prefix>.<stream>.…`. Pure; any thread. */
import { participantToken, subjectToken } from '../../base/recording-name.ts';
import type { Track } from '../sink.ts';

type Named = Pick<Track, 'callConnectionId' | 'streamId'>;

/** What all subjects of a call begin with. */
export function callSubject(prefix: string, { callConnectionId, streamId }: Named): string {
  return `${prefix}.${subjectToken(callConnectionId ?? streamId)}`;
}

/** Of a participant's frames; its events are on the same with `.event` behind it. */
export function participantSubject(prefix: string, track: Track): string {
  return `${callSubject(prefix, track)}.${participantToken(track.participantId)}`;
}

/** Where agents speak into a call. */
export function speechSubject(prefix: string, stream: Named): string {
  return `${callSubject(prefix, stream)}.playback`;
}
