/** Settings that are lists, from each of their sources. */
import { expect, test } from 'vitest';
import { serveSettings } from '../../src/config/serve-settings.ts';
import { readSettings, type SettingSources } from '../../src/config/settings.ts';

function sinks(sources: Partial<SettingSources>): readonly string[] {
  return readSettings(serveSettings, { argv: [], envPrefix: 'ACS_GATEWAY_', ...sources }).sink;
}

test.each([
  ['wav:./a', ['wav:./a']],
  ['wav:./a, pcm:./b', ['wav:./a', 'pcm:./b']],
  ['nats://a:4222,b:4222/acs.audio', ['nats://a:4222,b:4222/acs.audio']],
  [
    'wav:./a,nats://user:secret@a:4222,b:4223/acs,module:./c.js',
    ['wav:./a', 'nats://user:secret@a:4222,b:4223/acs', 'module:./c.js'],
  ],
  ['wav:./a,tape:x', ['wav:./a', 'tape:x']],
])('sinks in the environment: %s', (text, expected) => {
  expect(sinks({ env: { ACS_GATEWAY_SINK: text } })).toEqual(expected);
});

test('a text is a list of one in a file and in the package; an array is one too', () => {
  const readFile = () => '{"sink": "wav:./a"}';
  expect(sinks({ argv: ['--config', 'gateway.json'], readFile })).toEqual(['wav:./a']);
  expect(sinks({ values: { sink: 'nats://a:4222,b:4222/acs' } })).toEqual(['nats://a:4222,b:4222/acs']);
  expect(sinks({ values: { sink: ['wav:./a', 'pcm:./b'] } })).toEqual(['wav:./a', 'pcm:./b']);
  expect(() => sinks({ values: { sink: 5 } })).toThrow('sink: 5: expected');
});
