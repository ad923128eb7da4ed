/** Parts of the console's thread that only compute. */
import { describe, expect, test } from 'vitest';
import { isForLoopback, isSameOrigin } from '../../src/console/requests.ts';
import { parseWant } from '../../src/console/want.ts';
import { WindowQuantile } from '../../src/console/window-quantile.ts';
import { Histogram, histogramDoubles, residenceBoundsMs } from '../../src/memory/histogram.ts';
import { anyOverview } from './console-client.ts';

describe('a quantile of the last seconds', () => {
  const create = () => {
    const histogram = new Histogram(new Float64Array(histogramDoubles(residenceBoundsMs)), 0, residenceBoundsMs);
    return { histogram, window: new WindowQuantile([histogram]) };
  };

  test('is null while nothing was counted, whatever was before', () => {
    const { histogram, window } = create();
    for (let n = 0; n < 100; n++) histogram.observe(900);
    expect(window.quantile(0.99, 0)).toBeNull();
    expect(window.quantile(0.99, 100)).toBeNull();
  });

  test('lies in the bucket that has it, and forgets after some seconds', () => {
    const { histogram, window } = create();
    window.quantile(0.99, 0);
    for (let n = 0; n < 990; n++) histogram.observe(1.1);
    for (let n = 0; n < 10; n++) histogram.observe(40);
    expect(window.quantile(0.5, 500)).toBeCloseTo(1.126, 2);
    expect(window.quantile(0.999, 600)).toBeGreaterThan(30);
    for (let second = 1; second <= 12; second++) {
      for (let n = 0; n < 100; n++) histogram.observe(0.2);
      window.quantile(0.99, second * 1000);
    }
    expect(window.quantile(0.999, 12_100)).toBeLessThanOrEqual(0.25);
  });

  test('beyond the last bound is that bound', () => {
    const { histogram, window } = create();
    window.quantile(0.99, 0);
    histogram.observe(1e9);
    expect(window.quantile(0.99, 10)).toBe(1000);
  });
});

describe('where a request comes from', () => {
  const request = (headers: Record<string, string>) => ({ headers }) as unknown as Parameters<typeof isSameOrigin>[0];

  test('a page of ours has our name and our port', () => {
    const is = (origin: string, host: string) => isSameOrigin(request({ origin, host }));
    expect(is('http://127.0.0.1:9464', '127.0.0.1:9464')).toBe(true);
    expect(is('https://calls.example', 'Calls.Example')).toBe(true);
    expect(is('http://[::1]:9464', '[::1]:9464')).toBe(true);
    for (const origin of [
      'http://127.0.0.1',
      'http://127.0.0.1:9465',
      'http://127.0.0.1.evil.example:9464',
      'null',
      '',
      'file://',
    ])
      expect(is(origin, '127.0.0.1:9464'), origin).toBe(false);
    expect(isSameOrigin(request({ host: '127.0.0.1' }))).toBe(false);
    expect(isSameOrigin(request({ origin: 'http://127.0.0.1' }))).toBe(false);
  });

  test('this machine has names of its own', () => {
    for (const host of ['localhost', 'localhost:9464', '127.0.0.1:1', '127.1.2.3', '[::1]:9464', 'LOCALHOST'])
      expect(isForLoopback(request({ host })), host).toBe(true);
    for (const host of [
      '',
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1:9464',
      '[::2]',
      'a:b:c',
    ])
      expect(isForLoopback(request({ host })), host).toBe(false);
  });
});

describe('a want', () => {
  test('is taken over without what it should not have', () => {
    expect(parseWant(JSON.stringify({ ...anyOverview, more: 'x' }))).toEqual(anyOverview);
    expect(parseWant(JSON.stringify({ want: 'call', stream: 'id', sort: 1 }))).toEqual({ want: 'call', stream: 'id' });
  });

  test.each([
    ['sort', 'constructor'],
    ['sort', ['level']],
    ['descending', 'yes'],
    ['search', 'x'.repeat(257)],
    ['search', null],
    ['states', 'open'],
    ['states', Array(17).fill('open')],
    ['states', [{}]],
    ['first', -1],
    ['first', 0.5],
    ['first', '0'],
    ['count', 101],
    ['count', null],
  ])('with %s = %j is none, and the answer says why', (key, value) => {
    expect(parseWant(JSON.stringify({ ...anyOverview, [key]: value }))).toMatch(new RegExp(`^${key}: expected `));
  });

  test.each(['', '[', '[]', '1', '"overview"', '{"want":["overview"]}'])('%s is none', (text) => {
    expect(parseWant(text)).toMatch(/expected/);
  });
});
