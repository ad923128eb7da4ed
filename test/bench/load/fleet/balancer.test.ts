/** What the benchmark makes of the published configuration of HAProxy. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configurationFor, configurationPath } from '../../../../bench/load/fleet/balancer.ts';

const text = readFileSync(configurationPath, 'utf8');

function changedLines(to: string): string[] {
  const before = new Set(text.split('\n'));
  return to.split('\n').filter((line) => !before.has(line));
}

describe('the configuration of the benchmark', () => {
  test('is the published one, but for its gateways', () => {
    expect(changedLines(configurationFor(text, [1001, 1002, 1003], true))).toEqual([
      '    server gateway-1 127.0.0.1:1001',
      '    server gateway-2 127.0.0.1:1002',
      '    server gateway-3 127.0.0.1:1003',
    ]);
  });

  test('and for TLS, where it is left out', () => {
    const changed = changedLines(configurationFor(text, [1001], false));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of HAProxy
    expect(changed).toEqual(['    bind "${BALANCER_BIND-:443}"', '    server gateway-1 127.0.0.1:1001']);
  });

  test('is refused when it has lost what is to be changed', () => {
    expect(() => configurationFor(text.replace('server gateway-2', 'server other'), [1], false)).toThrow('has no line');
    expect(() => configurationFor(text.replace(' ssl crt ', ' plain '), [1], false)).toThrow('has no line');
  });
});
