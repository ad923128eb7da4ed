/**
 * The three decoders of `--decoder`, behind one interface: `scan` (the default), `simdjson` (the npm binding), `json`.
 * All agree on every input: what one of them cannot judge, `JSON.parse` judges.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { GatewayError } from '../base/errors.ts';
import type { DecoderName } from '../config/decoder-names.ts';
import { GeneralParser } from './general.ts';
import type { MessageParser } from './message.ts';
import { ShapedScanner } from './shaped-scan.ts';

export interface Parsers {
  /** Asked first; may decline. */
  readonly first: MessageParser;
  /** Never declines. */
  readonly general: MessageParser;
}

interface Simdjson {
  parse(text: string): unknown;
}

/**
 * The binding's addon, or why it is not there. Loads the addon itself: the package silently becomes `JSON` without it.
 *
 * Node.js has a simdjson of its own, a later one, and exports its symbols: unless the addon is bound to its own ones first,
 * it runs Node's code on buffers that are too short for it. That reads beyond their end, and crashes where memory ends there.
 */
export function loadSimdjson(): Simdjson | { readonly missing: string } {
  const require = createRequire(import.meta.url);
  const loaded: { exports: Partial<Simdjson> } = { exports: {} };
  const { RTLD_NOW, RTLD_DEEPBIND = 0 } = constants.dlopen;
  try {
    process.dlopen(loaded, require.resolve('simdjson/build/Release/simdjson.node'), RTLD_NOW | RTLD_DEEPBIND);
  } catch (error) {
    return { missing: error instanceof Error ? error.message.split('\n')[0]! : String(error) };
  }
  const addon = loaded.exports;
  return typeof addon.parse === 'function' ? (addon as Simdjson) : { missing: 'the addon has no parse()' };
}

/**
 * A general parser that asks the simdjson addon first. What the addon refuses is put to `JSON.parse`: it is stricter about
 * depth and numbers. So is a text with \u escapes: the addon cuts keys off at a NUL, and garbles lone surrogates.
 */
function simdjsonParser(): MessageParser {
  const simdjson = loadSimdjson();
  if ('missing' in simdjson) {
    const remedy = 'install python3, make and g++, then run npm rebuild simdjson, or choose --decoder scan';
    throw new GatewayError('native_missing', `the simdjson addon is not usable (${simdjson.missing}): ${remedy}`);
  }
  return new GeneralParser((text) => {
    if (text.includes('\\u')) return JSON.parse(text);
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
  return { first: name === 'scan' ? new ShapedScanner() : general, general };
}
