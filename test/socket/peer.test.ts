/** Who is one peer to a limit. */
import { expect, it } from 'vitest';
import { peerOf } from '../../src/config/networks.ts';

it.each([
  ['52.112.9.9', '52.112.9.9'],
  ['', ''],
  ['2603:1027:0:1:2:3:4:5', '2603:1027:0:1::/64'],
  ['2603:1027::5', '2603:1027:0:0::/64'],
  ['2603:1027:0:0:ffff::', '2603:1027:0:0::/64'],
  ['2603:1027:0000:0001::', '2603:1027:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
])('%j counts as %j', (address, peer) => expect(peerOf(address)).toBe(peer));
