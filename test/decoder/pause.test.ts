/** The same silence means two things: a loss in mixed audio, a participant who is not dominant in unmixed audio. */
import { describe, expect, it } from 'vitest';
import { idleGapMs, timelineJumpMsMax } from '../../src/limits.ts';
import { frameFlag } from '../../src/memory/layout.ts';
import { Track } from '../support/decoder-track.ts';

const { resumed } = frameFlag;
const inOrder = { flags: 0, missing: 0, consecutive: true };

describe('a pause', () => {
  it.each([idleGapMs + 20, 5000, timelineJumpMsMax])('of %i ms is a loss in mixed audio', (ms) => {
    const track = new Track('mixed');
    track.take(0);
    expect(track.take(20 + ms)).toEqual({ flags: 0, missing: ms / 20, atMs: 20 + ms, consecutive: false });
  });

  it.each([idleGapMs + 20, 5000, timelineJumpMsMax])(
    'of %i ms is none in unmixed audio, and the timeline waits for it',
    (ms) => {
      const track = new Track('unmixed');
      track.take(0);
      expect(track.take(20 + ms)).toEqual({ flags: resumed, missing: 0, atMs: 20 + ms, consecutive: false });
      expect(track.take(40 + ms)).toEqual({ ...inOrder, atMs: 40 + ms });
    },
  );

  it(`of ${idleGapMs} ms is still a loss in unmixed audio`, () => {
    const track = new Track('unmixed');
    track.take(0);
    expect(track.take(20 + idleGapMs)).toMatchObject({ flags: 0, missing: idleGapMs / 20 });
  });
});
