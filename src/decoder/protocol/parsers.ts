/**
 * The three decoders of `--decoder`, behind one interface: `scan` (the default), `simdjson` (the npm binding), `json`.
 * All agree on every input: what one of them cannot judge, `JSON.parse` judges.
 */
import { createRequire } from 'node:module';
import { GatewayError } from '../../errors.ts';
import { GeneralParser } from './general.ts';
import type { MessageParser } from './message.ts';
import { Scanner } from './scan.ts';

export const decoderNames = ['scan', 'simdjson', 'json'] as const;
export type DecoderName = (typeof decoderNames)[number];

export interface Parsers {
  /** Asked first; may decline. */
  readonly first: MessageParser;
  /** Never declines. */
  readonly general: MessageParser;
}

interface Simdjson {
  parse(text: string): unknown;
}

/** The binding's addon, or why it is not there. Loads the addon itself: the package silently becomes `JSON` without it. */
export function loadSimdjson(): Simdjson | { readonly missing: string } {
  const require = createRequire(import.meta.url);
  try {
    const addon = require('simdjson/build/Release/simdjson.node') as Partial<Simdjson>;
    if (typeof addon.parse !== 'function') return { missing: 'the addon has no parse()' };
    return addon as Simdjson;
  } catch (error) {
    return { missing: error instanceof Error ? error.message.split('\n')[0]! : String(error) };
  }
}

/**
 * A general parser that asks the simdjson addon first. What the addon refuses is put to `JSON.parse`: it is stricter about
 * depth and numbers. So is a text that may have a NUL in a key: the addon cuts the key off there.
 */
function simdjsonParser(): MessageParser {
  const simdjson = loadSimdjson();
  if ('missing' in simdjson) {
    const remedy = 'install python3, make and g++, then run npm rebuild simdjson, or choose --decoder scan';
    throw new GatewayError('native_missing', `the simdjson addon is not usable (${simdjson.missing}): ${remedy}`);
  }
  return new GeneralParser((text) => {
    if (text.includes('\\u0000')) return JSON.parse(text);
    try {
      return simdjson.parse(text);
    } catch {
      return JSON.parse(text);
    }
  });
}

/** Throws `native_missing` when the simdjson addon is asked for and absent. */
export function createParsers(name: DecoderName): Parsers {
  if (name === 'simdjson') {
    const parser = simdjsonParser();
    return { first: parser, general: parser };
  }
  const general = new GeneralParser(JSON.parse);
  return { first: name === 'scan' ? new Scanner() : general, general };
}
