/** What the benchmark makes of the published configurations of HAProxy and nginx. */
import { describe, expect, test } from 'vitest';
import { haproxyConfiguration } from '../../../../bench/load/proxy/haproxy.ts';
import { nginxConfiguration } from '../../../../bench/load/proxy/nginx.ts';
import { publishedConfiguration, replaced } from '../../../../bench/load/proxy/published.ts';

function changedLines(path: string, to: string): string[] {
  const before = new Set(publishedConfiguration(path).split('\n'));
  return to.split('\n').filter((line) => !before.has(line));
}

describe('the configuration of HAProxy in the benchmark', () => {
  test('is the published one, but for its gateways', () => {
    expect(changedLines('haproxy/haproxy.cfg', haproxyConfiguration([1001, 1002, 1003], true))).toEqual([
      '    server gateway-1 127.0.0.1:1001',
      '    server gateway-2 127.0.0.1:1002',
      '    server gateway-3 127.0.0.1:1003',
    ]);
  });

  test('and for its threads, where there is to be one', () => {
    expect(changedLines('haproxy/haproxy.cfg', haproxyConfiguration([1001], true, true))).toEqual([
      '    nbthread 1',
      '    server gateway-1 127.0.0.1:1001',
    ]);
  });

  test('and for TLS, where it is left out', () => {
    expect(changedLines('haproxy/haproxy.cfg', haproxyConfiguration([1001], false))).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of HAProxy
      '    bind "${BALANCER_BIND-:443}"',
      '    server gateway-1 127.0.0.1:1001',
    ]);
  });
});

describe('the configuration of nginx in the benchmark', () => {
  const place = {
    folder: '/f',
    port: 1,
    statusPort: 2,
    files: { cert: '/c/cert.pem', key: '/c/key.pem' },
    isSingle: false,
  };

  test('is the published one, but for addresses, files, and what one address may open', () => {
    expect(
      changedLines('nginx/nginx.conf', nginxConfiguration([1001], place, true)).map((line) => line.trim()),
    ).toEqual([
      'pid /f/nginx.pid;',
      'error_log /f/error.log notice;',
      'access_log /f/access.log streams;',
      'limit_req_zone $binary_remote_addr zone=handshakes:10m rate=100000r/s;',
      'server 127.0.0.1:1001 max_fails=0;',
      expect.stringMatching(/^listen 127\.0\.0\.1:1 ssl default_server backlog=4096;/),
      expect.stringMatching(/^ssl_certificate \/c\/cert\.pem;/),
      expect.stringMatching(/^ssl_certificate_key \/c\/key\.pem;/),
      'error_log /f/error.log emerg;',
      expect.stringMatching(/^listen 127\.0\.0\.1:2;/),
    ]);
  });

  test('has one worker where there is to be one', () => {
    expect(nginxConfiguration([1001], { ...place, isSingle: true }, true)).toMatch(/^worker_processes 1;$/m);
  });

  test('has no user to change to where nobody can', () => {
    expect(nginxConfiguration([1001], place, true)).toMatch(/^user /m);
    expect(nginxConfiguration([1001], place, false)).not.toMatch(/^user /m);
  });
});

test('a configuration that has lost what is to be changed is refused', () => {
  expect(() => replaced('server other', /^server gateway/m, '')).toThrow('has no line');
});
