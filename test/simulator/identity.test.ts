import { describe, expect, it } from 'vitest';
import { callIdentity, guid, participantId } from '../../src/simulator/identity.ts';

describe('guid', () => {
  it('is a version 4 GUID', () => {
    for (let i = 0; i < 1000; i++) {
      expect(guid(1, 2, i)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});

describe('callIdentity', () => {
  it('is the same for the same seed and call', () => {
    expect(callIdentity(5, 3)).toEqual(callIdentity(5, 3));
  });

  it('shares no id between 20,000 calls, nor between the three ids of a call', () => {
    const ids = new Set<string>();
    for (let call = 0; call < 20_000; call++) {
      const { callConnectionId, correlationId, subscriptionId } = callIdentity(5, call);
      ids.add(callConnectionId).add(correlationId).add(subscriptionId);
    }
    expect(ids.size).toBe(60_000);
  });

  it('is another one for another seed', () => {
    expect(callIdentity(6, 3).callConnectionId).not.toBe(callIdentity(5, 3).callConnectionId);
  });
});

describe('participantId', () => {
  it('takes one of the three forms of ACS', () => {
    const form = /^(8:acs:[0-9a-f-]{36}_[0-9a-f-]{36}|4:\+1555010\d{4}|28:[0-9a-f-]{36})$/;
    for (let ordinal = 0; ordinal < 300; ordinal++) expect(participantId(9, ordinal)).toMatch(form);
  });

  it('uses all three forms among any three participants in a row', () => {
    for (let ordinal = 0; ordinal < 30; ordinal++) {
      const forms = new Set([0, 1, 2].map((i) => participantId(9, ordinal + i).split(':')[0]));
      expect([...forms].sort()).toEqual(['28', '4', '8']);
    }
  });

  it('is unique among 20,000 participants', () => {
    const ids = new Set(Array.from({ length: 20_000 }, (_, ordinal) => participantId(4, ordinal)));
    expect(ids.size).toBe(20_000);
  });
});
