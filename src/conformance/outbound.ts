/**
 * What a server sends to ACS (bidirectional streaming): whether ACS can be expected to take it. Pure; any thread. ACS reads the
 * names without case: Microsoft's own SDKs write six different ones.
 */
type Fields = ReadonlyMap<string, unknown>;

function fieldsOf(value: unknown): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
}

/** Base64 as strict as ACS may be, of whole samples. */
function isPcm(data: unknown): boolean {
  if (typeof data !== 'string' || data === '') return false;
  const bytes = Buffer.from(data, 'base64');
  return bytes.length % 2 === 0 && bytes.toString('base64') === data;
}

/** What is wrong with a message, or null. `text` is null for a binary one. */
export function outboundProblem(text: string | null): string | null {
  if (text === null) return 'a binary message';
  let fields: Fields | null;
  try {
    fields = fieldsOf(JSON.parse(text));
  } catch {
    return 'a text that is no JSON';
  }
  const kind = fields?.get('kind');
  if (fields === null || typeof kind !== 'string') return 'a message without a kind';
  switch (kind.toLowerCase()) {
    case 'audiodata':
      return isPcm(fieldsOf(fields.get('audiodata'))?.get('data')) ? null : brokenAudio;
    case 'stopaudio':
      return null;
    default:
      return 'a message of a kind that is not documented';
  }
}

/** The one problem that is certainly heard. */
export const brokenAudio = 'audio that is not base64 of 16-bit samples';
