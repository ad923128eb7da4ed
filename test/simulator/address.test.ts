import { describe, expect, it } from 'vitest';
import { shownUrl } from '../../src/simulator/address.ts';

describe('shownUrl', () => {
  it.each([
    ['ws://127.0.0.1:8080/audio', 'ws://127.0.0.1:8080/audio'],
    ['wss://user:pass@host/audio/call/secret?accesstoken=a&b=c', 'wss://host/audio/***?accesstoken=***&b=***'],
    ['ws://host', 'ws://host/'],
  ])('shows %s without its secrets', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
  });
});
