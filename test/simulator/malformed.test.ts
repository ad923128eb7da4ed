import { StreamingData } from '@azure/communication-call-automation';
import { describe, expect, it } from 'vitest';
import { malformedKinds } from '../../src/simulator/malformed.ts';
import { judge } from './support/server.ts';

const contexts = [640, 960].flatMap((frameBytes) =>
  [null, '28:6b45c5b6-1c34-47c0-8980-11e98d47d23f'].map((participantId) => ({
    frameBytes,
    participantId,
    timestamp: '2024-11-15T19:16:12.925Z',
  })),
);

describe('malformedKinds', () => {
  it.each(malformedKinds)('$name counts as $outcome by the words of the contract', (kind) => {
    for (const context of contexts) {
      const message = { binary: kind.binary, text: kind.build(context) };
      expect(judge(message).outcome, message.text).toBe(kind.outcome);
    }
  });

  it('has a kind for every outcome, under names of their own', () => {
    expect(new Set(malformedKinds.map((kind) => kind.outcome)).size).toBe(3);
    expect(new Set(malformedKinds.map((kind) => kind.name)).size).toBe(malformedKinds.length);
  });

  it('has no text that the official parser takes for whole audio', () => {
    for (const kind of malformedKinds.filter((each) => each.outcome === 'malformed_json')) {
      for (const context of contexts) {
        let parsed: unknown;
        try {
          parsed = StreamingData.parse(kind.build(context));
        } catch {
          parsed = undefined;
        }
        expect(parsed, kind.name).toBeUndefined();
      }
    }
  });
});
