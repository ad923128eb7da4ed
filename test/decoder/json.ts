/**
 * JSON texts that can be edited in ways in which nobody would write them: equal keys twice, odd numbers, white space and
 * escapes anywhere. An edit says where by any natural number, so that every edit fits every message.
 */

/** An object with its fields in order and its keys as they are written, quotes included; or any other value, as a text. */
export type Json = { readonly fields: [key: string, value: Json][] } | { readonly text: string };

export function toJson(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { text: JSON.stringify(value) };
  return { fields: Object.entries(value).map(([key, field]) => [JSON.stringify(key), toJson(field)]) };
}

function objects(json: Json): [string, Json][][] {
  if ('text' in json) return [];
  return [json.fields, ...json.fields.flatMap(([, value]) => objects(value))];
}

/** The texts of which white space may stand on either side. */
export function tokens(json: Json): string[] {
  if ('text' in json) return [json.text];
  const fields = json.fields.map(([key, value]) => [key, ':', ...tokens(value)]);
  return ['{', ...fields.flatMap((field, i) => (i === 0 ? field : [',', ...field])), '}'];
}

export type TreeEdit =
  | { readonly op: 'rotate'; readonly object: number; readonly by: number }
  | { readonly op: 'swap'; readonly object: number; readonly by: number }
  | { readonly op: 'add'; readonly object: number; readonly at: number; readonly key: string; readonly value: string }
  | {
      readonly op: 'repeat';
      readonly object: number;
      readonly from: number;
      readonly at: number;
      readonly value: string;
    }
  | { readonly op: 'set'; readonly object: number; readonly at: number; readonly value: string }
  | { readonly op: 'rename'; readonly object: number; readonly at: number; readonly key: string };

export function editTree(json: Json, edit: TreeEdit): void {
  const all = objects(json);
  const fields = all[edit.object % all.length]!;
  const count = fields.length;
  if (edit.op === 'add') {
    fields.splice(edit.at % (count + 1), 0, [edit.key, { text: edit.value }]);
    return;
  }
  if (count === 0) return;
  const at = (edit.op === 'rotate' || edit.op === 'swap' ? edit.by : edit.at) % count;
  switch (edit.op) {
    case 'rotate':
      fields.push(...fields.splice(0, at));
      return;
    case 'swap':
      fields.push(fields.splice(at, 1)[0]!);
      return;
    case 'repeat':
      fields.splice(edit.at % (count + 1), 0, [fields[edit.from % count]![0], { text: edit.value }]);
      return;
    case 'set':
      fields[at] = [fields[at]![0], { text: edit.value }];
      return;
    case 'rename':
      fields[at] = [edit.key, fields[at]![1]];
  }
}

export type TokenEdit =
  /** Puts a text between two tokens. */
  | { readonly op: 'between'; readonly token: number; readonly text: string }
  /** Puts a text into a string. */
  | { readonly op: 'inside'; readonly token: number; readonly at: number; readonly text: string }
  /** Writes one character of a string in another way. */
  | { readonly op: 'escape'; readonly token: number; readonly at: number; readonly upper: boolean };

export function editTokens(list: string[], edit: TokenEdit): void {
  if (edit.op === 'between') {
    list.splice(edit.token % (list.length + 1), 0, edit.text);
    return;
  }
  const strings = list.flatMap((token, i) => (/^".*"$/s.test(token) ? [i] : []));
  if (strings.length === 0) return;
  const index = strings[edit.token % strings.length]!;
  const content = list[index]!.slice(1, -1);
  const at = edit.at % (content.length + 1);
  const character = content[at];
  if (edit.op === 'inside') list[index] = `"${content.slice(0, at)}${edit.text}${content.slice(at)}"`;
  else if (character !== undefined && character !== '\\') {
    const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
    const escaped = character === '/' && edit.upper ? '\\/' : `\\u${edit.upper ? hex.toUpperCase() : hex}`;
    list[index] = `"${content.slice(0, at)}${escaped}${content.slice(at + 1)}"`;
  }
}
