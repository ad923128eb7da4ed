/** Whose address a request has, and whether it may connect: nothing that a client writes moves it out of its place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Networks, normalized, privateNetworks, problemOfCidr } from '../../src/config/networks.ts';
import { clientAddress } from '../../src/socket/client-address.ts';
import { seeded } from '../support/seed.ts';

const proxies = new Networks(privateNetworks);
const from = (peer: string, proxied = '', forwardedFor = '', trusted: Networks | null = proxies) =>
  clientAddress({ peer, proxied, forwardedFor }, trusted);

describe('an address', () => {
  it.each([
    ['52.112.0.1', '52.112.0.1'],
    ['2603:1027::1', '2603:1027::1'],
    ['2603:1027::A', '2603:1027::a'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['0000:0000:0000:0000:0000:ffff:0a01:0203', '10.1.2.3'],
    ['::ffff:a01:203', '10.1.2.3'],
    ['fe80::1%eth0', 'fe80::1'],
    ['52.112.0.1:4711', '52.112.0.1'],
    ['[2603:1027::1]:4711', '2603:1027::1'],
    ['[2603:1027::1]', '2603:1027::1'],
    ['', ''],
    ['unknown', ''],
    ['_hidden', ''],
    ['1.2.3', ''],
    ['1.2.3.4.5', ''],
    ['::ffff:1.2.3.400', ''],
    ['::ffff:12345:1', ''],
  ])('%j is %j', (text, expected) => expect(normalized(text)).toBe(expected));
});

describe('a network', () => {
  it.each(['52.112.0.0/14', '10.0.0.1', '::1', '2603:1063::/38', '0.0.0.0/0'])('can be %s', (text) => {
    expect(problemOfCidr(text)).toBeNull();
  });

  it.each(['', 'office', '10.0.0.0/33', '::/129', '10.0.0/8', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    'cannot be %j',
    (text) => expect(problemOfCidr(text)).toContain('expected a network'),
  );

  it('holds the addresses of its family that share its prefix', () => {
    const networks = new Networks(['52.112.0.0/14', '2603:1063::/38', '10.9.8.7']);
    for (const address of ['52.112.0.0', '52.115.255.255', '2603:1063::1', '2603:1063:3ff:ffff::', '10.9.8.7'])
      expect(networks.include(address), address).toBe(true);
    for (const address of ['52.116.0.0', '52.111.255.255', '2603:1063:400::', '10.9.8.6', '::1', '', 'x'])
      expect(networks.include(address), address).toBe(false);
  });
});

describe('the client', () => {
  it('is the socket, as long as no proxy is trusted', () => {
    expect(from('10.0.0.1', '1.1.1.1', '2.2.2.2', null)).toBe('10.0.0.1');
  });

  it('is the socket when the socket is not a trusted proxy’s', () => {
    expect(from('9.9.9.9', '1.1.1.1', '2.2.2.2')).toBe('9.9.9.9');
  });

  it('is who the PROXY header of a trusted proxy names', () => {
    expect(from('10.0.0.1', '1.1.1.1')).toBe('1.1.1.1');
    expect(from('::ffff:10.0.0.1', '0000:0000:0000:0000:0000:ffff:0101:0101')).toBe('1.1.1.1');
  });

  it('is the last address of X-Forwarded-For that is no proxy', () => {
    expect(from('10.0.0.1', '', '6.6.6.6, 1.1.1.1')).toBe('1.1.1.1');
    expect(from('10.0.0.1', '', '6.6.6.6,1.1.1.1, 10.0.0.2,192.168.1.1')).toBe('1.1.1.1');
    expect(from('10.0.0.1', '10.0.0.5', '6.6.6.6, 1.1.1.1:5555')).toBe('1.1.1.1');
  });

  it('is not taken from X-Forwarded-For when the PROXY header names a stranger', () => {
    expect(from('10.0.0.1', '1.1.1.1', '2.2.2.2')).toBe('1.1.1.1');
  });

  it('is unknown, and so in no list, when the last proxy wrote no address', () => {
    expect(from('10.0.0.1', '', '1.1.1.1, unknown')).toBe('');
    expect(new Networks(['0.0.0.0/0']).include('')).toBe(false);
  });

  it('is the proxy itself when it says nothing', () => {
    expect(from('10.0.0.1')).toBe('10.0.0.1');
  });

  it('cannot be moved by anything that stands before what a trusted proxy added', () => {
    const forged = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('10.0.0.9', ',', ''));
    const property = fc.property(fc.array(forged), (parts) => {
      expect(from('10.0.0.1', '', [...parts, '1.2.3.4'].join(','))).toBe('1.2.3.4');
    });
    fc.assert(property, seeded({ numRuns: 300 }));
  });
});
