/** The optional simdjson addon: what loading it must guarantee, where it could be compiled at all. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { createParsers, loadSimdjson } from '../../src/protocol/parsers.ts';
import { needs } from '../support/needs.ts';

describe('the simdjson addon', () => {
  it('runs the simdjson that it was built with, not the one inside Node.js', needs('simdjson addon'), () => {
    const addon = loadSimdjson();
    if ('missing' in addon) throw new Error(addon.missing);
    // The addon's release lets a lone low surrogate pass, later ones do not. With a later one's code the addon reads beyond
    // the end of its buffers: about one message in a million ends where memory ends, and with it the process.
    expect(() => addon.parse('"\\udc00"')).not.toThrow();
  });

  it('leaves the global JSON as it is', needs('simdjson addon'), () => {
    const before = Object.getOwnPropertyNames(JSON);
    loadSimdjson();
    expect(Object.getOwnPropertyNames(JSON)).toEqual(before);
    expect(before).not.toContain('isValid');
  });

  it('is named, with the remedy, where it is asked for and missing', () => {
    // As on a machine that could not compile it.
    const dlopen = vi.spyOn(process, 'dlopen').mockImplementation(() => {
      throw new Error('cannot open shared object file');
    });
    onTestFinished(() => dlopen.mockRestore());
    expect(() => createParsers('simdjson')).toThrow(GatewayError);
    expect(() => createParsers('simdjson')).toThrow(/the simdjson addon is not usable \(.+\): .*npm rebuild simdjson/);
  });
});
