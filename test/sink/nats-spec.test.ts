/** The text of a sink `nats`: what it may be, what it may not, and that nothing secret is in what is shown of it. */
import { describe, expect, it } from 'vitest';
import { type NatsSinkSpec, parseNatsSink } from '../../src/config/nats-spec.ts';
import { parseSink, shownSink, sinkProblem } from '../../src/config/sink-spec.ts';

const plain: NatsSinkSpec = {
  kind: 'nats',
  name: 'nats://h:4222/acs.audio',
  servers: ['h:4222'],
  prefix: 'acs.audio',
  user: null,
  password: null,
  credsFile: null,
  tls: null,
  jetstream: null,
  framesPerMessage: 1,
  playback: false,
};

describe('a text that is right', () => {
  it.each<[string, Partial<NatsSinkSpec>]>([
    ['nats://h', {}],
    ['nats://h/', {}],
    ['nats://h:4222', {}],
    ['nats://h:1', { servers: ['h:1'], name: 'nats://h:1/acs.audio' }],
    ['nats://h:65535', { servers: ['h:65535'], name: 'nats://h:65535/acs.audio' }],
    ['nats://10.0.0.7:4222', { servers: ['10.0.0.7:4222'], name: 'nats://10.0.0.7:4222/acs.audio' }],
    ['nats://[::1]:4223', { servers: ['[::1]:4223'], name: 'nats://[::1]:4223/acs.audio' }],
    ['nats://[fd00::1]', { servers: ['[fd00::1]:4222'], name: 'nats://[fd00::1]:4222/acs.audio' }],
    [
      'nats://a,b:4223,[::1]',
      { servers: ['a:4222', 'b:4223', '[::1]:4222'], name: 'nats://a:4222,b:4223,[::1]:4222/acs.audio' },
    ],
    ['nats://h/calls', { prefix: 'calls', name: 'nats://h:4222/calls' }],
    ['nats://h/calls/', { prefix: 'calls', name: 'nats://h:4222/calls' }],
    ['nats://h/a.b-c.d_e', { prefix: 'a.b-c.d_e', name: 'nats://h:4222/a.b-c.d_e' }],
    [`nats://h/${'p'.repeat(100)}`, { prefix: 'p'.repeat(100), name: `nats://h:4222/${'p'.repeat(100)}` }],
    ['nats://u:p@h', { user: 'u', password: 'p' }],
    ['nats://u:@h', { user: 'u', password: '' }],
    ['nats://u:p:q@h', { user: 'u', password: 'p:q' }],
    ['nats://t%40ken%2F@h', { password: 't@ken/' }],
    ['nats://u%3A:p%40%25%2F%3F@h', { user: 'u:', password: 'p@%/?' }],
    ['nats://h?creds=/etc/nats/x.creds', { credsFile: '/etc/nats/x.creds' }],
    ['nats://h?tls=required', { tls: {} }],
    ['nats://h?ca=ca.pem', { tls: { caFile: 'ca.pem' } }],
    ['nats://h?cert=c&key=k', { tls: { certFile: 'c', keyFile: 'k' } }],
    ['nats://h?ca=a&cert=c&key=k&tls=required', { tls: { caFile: 'a', certFile: 'c', keyFile: 'k' } }],
    ['nats://h?frames=1', {}],
    ['nats://h?playback', { playback: true, name: 'nats://h:4222/acs.audio?playback' }],
    [
      'nats://h?frames=2&playback',
      { framesPerMessage: 2, playback: true, name: 'nats://h:4222/acs.audio?frames=2&playback' },
    ],
    ['nats://h?frames=50', { framesPerMessage: 50, name: 'nats://h:4222/acs.audio?frames=50' }],
    [
      'nats://h?jetstream=AUDIO',
      { jetstream: 'AUDIO', framesPerMessage: 25, name: 'nats://h:4222/acs.audio?jetstream=AUDIO&frames=25' },
    ],
    [
      'nats://h?jetstream=A&frames=1',
      { jetstream: 'A', framesPerMessage: 1, name: 'nats://h:4222/acs.audio?jetstream=A' },
    ],
    [
      'nats://u:secret@h/x?creds=/f&jetstream=A',
      {
        user: 'u',
        password: 'secret',
        prefix: 'x',
        credsFile: '/f',
        jetstream: 'A',
        framesPerMessage: 25,
        name: 'nats://h:4222/x?jetstream=A&frames=25',
      },
    ],
  ])('%s', (text, expected) => {
    expect(parseNatsSink(text)).toEqual({ ...plain, ...expected });
    expect(parseSink(text)).toEqual(parseNatsSink(text));
    expect(sinkProblem(text)).toBeNull();
  });
});

describe('a text that is wrong', () => {
  it.each([
    ['nats:', /expected nats:\/\/HOST:PORT/],
    ['nats://', /expected nats:\/\/HOST:PORT/],
    ['nats:///prefix', /expected nats:\/\/HOST:PORT/],
    ['nats://?frames=2', /expected nats:\/\/HOST:PORT/],
    ['nats://h:0', /expected nats:\/\/HOST:PORT/],
    ['nats://h:65536', /expected nats:\/\/HOST:PORT/],
    ['nats://h:port', /expected nats:\/\/HOST:PORT/],
    ['nats://a,,b', /expected nats:\/\/HOST:PORT/],
    ['nats://a, b', /expected nats:\/\/HOST:PORT/],
    ['nats://::1', /expected nats:\/\/HOST:PORT/],
    ['nats://[::1', /expected nats:\/\/HOST:PORT/],
    ['nats://u:p@x@h', /expected nats:\/\/HOST:PORT/],
    ['nats://u:p/q@h', /expected nats:\/\/HOST:PORT/],
    ['nats://u:%zz@h', /%25 for each %/],
    ['nats://h/a..b', /subject prefix/],
    ['nats://h/.a', /subject prefix/],
    ['nats://h/a.', /subject prefix/],
    ['nats://h/a.*', /subject prefix/],
    ['nats://h/a.>', /subject prefix/],
    ['nats://h/a b', /subject prefix/],
    ['nats://h/a/b', /subject prefix/],
    ['nats://h/$JS', /subject prefix/],
    [`nats://h/${'p'.repeat(101)}`, /subject prefix/],
    ['nats://h?playback=on', /playback: expected no value/],
    ['nats://h?jetstream=A&playback', /playback: not together with jetstream/],
    ['nats://h?frames=0', /frames: expected 1 to 50/],
    ['nats://h?frames=51', /frames: expected 1 to 50/],
    ['nats://h?frames=1.5', /frames: expected 1 to 50/],
    ['nats://h?frames=-1', /frames: expected 1 to 50/],
    ['nats://h?frames=', /frames: expected a value/],
    ['nats://h?tls=yes', /tls: expected required/],
    ['nats://h?cert=c', /cert, key: expected both/],
    ['nats://h?key=k', /cert, key: expected both/],
    ['nats://h?jetstream=A.B', /name of a stream/],
    ['nats://h?jetstream=A B', /name of a stream/],
    ['nats://h?jetstream=*', /name of a stream/],
    ['nats://h?unknown=1', /unknown option "unknown"/],
    ['nats://h?Frames=2', /unknown option "Frames"/],
  ])('%s', (text, problem) => {
    expect(sinkProblem(text)).toMatch(problem);
  });
});

describe('what is shown', () => {
  it.each([
    ['nats://user:SECRET@h:4222/x?frames=2', 'nats://h:4222/x?frames=2'],
    ['nats://SECRET@h', 'nats://h:4222/acs.audio'],
    ['nats://h?creds=/f', 'nats://h:4222/acs.audio'],
    ['wav:./a@b?gaps=skip', 'wav:./a@b?gaps=skip'],
    ['pcm:/x', 'pcm:/x'],
  ])('of %s is %s', (text, shown) => {
    expect(shownSink(text)).toBe(shown);
  });

  it.each([
    'nats://u:SECRET/x@h',
    'nats://u:SECRET?x@h',
    'nats://u:a/b?c@SECRET@h',
    'nats://u:SECRET%zz@h',
    'NATS://u:SECRET@h',
    'tls://u:SECRET@h',
    'nats:u:SECRET@h',
    ' nats://u:SECRET@h',
    'u:SECRET@h',
    'nats://u:SEC\nSECRET@h:0',
    'nats://h?password=SECRET',
    'nats://h?frames=2&token=SECRET',
    'nats://h?pass=SECRET&user=x',
  ])('of %j has no secret, though it is wrong', (text) => {
    expect(sinkProblem(text)).not.toBeNull();
    expect(`${shownSink(text)} ${sinkProblem(text)}`).not.toContain('SECRET');
  });
});
