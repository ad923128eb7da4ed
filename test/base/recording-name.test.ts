import { describe, expect, it } from 'vitest';
import { recordingName } from '../../src/base/recording-name.ts';

describe('recordingName', () => {
  it.each([
    [null, 'mixed'],
    ['4:+15550100000', '4_+15550100000'],
    ['8:acs:6f1d-1_00-2', '8_acs_6f1d-1_00-2'],
    ['28:6b45c5b6-1c34-47c0-8980-11e98d47d23f', '28_6b45c5b6-1c34-47c0-8980-11e98d47d23f'],
  ])('keeps the letters of %s', (id, name) => {
    expect(recordingName(id)).toBe(name);
  });

  it.each(['../../etc/passwd', 'a/b', '..', '.', '', '.hidden', 'mixed', 'a\0b', 'x'.repeat(400), 'Zürich'])(
    'makes %j safe as a file name, and unlike the name of an ordinary id',
    (id) => {
      const name = recordingName(id);
      expect(name).toMatch(/^[A-Za-z0-9+_-]{0,111}-[0-9a-f]{8}$/);
      expect(name.length).toBeLessThanOrEqual(120);
    },
  );

  it('keeps two unsafe ids apart that look alike when made safe', () => {
    expect(recordingName('a/b')).not.toBe(recordingName('a\\b'));
  });
});
