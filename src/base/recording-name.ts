/**
 * Names made of ids that a peer chose: of recordings, safe in any folder (the sinks and the simulator's `--save` use the
 * same), and of NATS subjects. Pure; any thread.
 */

const nameCharsMax = 120;

/** The characters that are kept, what is put in the place of others, and a hash, so that two ids do not meet in one name. */
function madeSafe(id: string, plain: string): string {
  // FNV-1a over UTF-16 units: not for secrecy, only to tell names apart.
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  // A leading dash looks like an option to many tools.
  const safe = plain.replace(/[^A-Za-z0-9+_-]|^-/g, '_').slice(0, nameCharsMax - 9);
  return `${safe}-${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/**
 * The name, without its ending, under which the audio of one participant (null: the mixed stream) or the folder of one
 * call is stored. Every form of id that ACS uses keeps its letters, with `_` for `:`; anything else is made safe and gets
 * a hash, so that two different ids do not meet in one file.
 */
export function recordingName(id: string | null): string {
  if (id === null) return 'mixed';
  const plain = id.replaceAll(':', '_');
  const usual = /^[A-Za-z0-9+_][A-Za-z0-9+_.-]*$/.test(plain) && !plain.includes('..');
  if (usual && plain.length <= nameCharsMax && plain !== 'mixed') return plain;
  return madeSafe(id, plain);
}

/** The same for the file of a participant in the folder of a call, where `call` is the file of all of them. */
export function trackName(id: string | null): string {
  return id === 'call' ? madeSafe(id, id) : recordingName(id);
}

/** The same as a token of a subject, in which a dot, `*` and `>` would have a meaning. */
export function subjectToken(id: string | null): string {
  const name = recordingName(id);
  return name.includes('.') ? madeSafe(id!, name) : name;
}

/**
 * The same for a participant. On the token `playback` agents speak: what was sent into the call, whose track has this id, has another
 * one, and no participant gets either by the choice of an id.
 */
export function participantToken(id: string | null): string {
  if (id === 'playback') return 'playback-sent';
  return id === 'playback-sent' ? madeSafe(id, id) : subjectToken(id);
}
