/** Which process has a call, whatever the order in which processes say what they have. */
import { expect, test } from 'vitest';
import { type Claimant, Claims } from '../../src/processes/claims.ts';
import type { ToProcess } from '../../src/processes/messages.ts';

class Recorder implements Claimant {
  readonly number: number;
  readonly heard: ToProcess[] = [];

  constructor(number: number) {
    this.number = number;
  }

  send(message: ToProcess): void {
    this.heard.push(message);
  }
}

function three(refusesDuplicates = false) {
  const processes = [new Recorder(0), new Recorder(1), new Recorder(2)] as const;
  return { claims: new Claims(refusesDuplicates), processes };
}

const key = 'owner subscription';

test('the older stream is asked to end; when it has, the newer one learns what it continues', () => {
  const { claims, processes } = three();
  const [first, second] = processes;
  claims.take(first, { type: 'subscribed', key, id: 'a' });
  claims.take(second, { type: 'subscribed', key, id: 'b' });
  const by = { process: 1, id: 'b' };
  expect(first.heard).toEqual([{ type: 'claimed', key, by }]);
  expect(second.heard).toEqual([]);
  claims.take(first, { type: 'unsubscribed', key, id: 'a', mayComeBack: false });
  claims.take(first, { type: 'yielded', key, by });
  expect(second.heard).toEqual([{ type: 'continues', id: 'b', place: { process: 0, id: 'a' } }]);
  // And back again.
  claims.take(first, { type: 'subscribed', key, id: 'c' });
  expect(second.heard.at(-1)).toEqual({ type: 'claimed', key, by: { process: 0, id: 'c' } });
});

test('three at once: each newer one ends the one before, and none is left beside the last', () => {
  const { claims, processes } = three();
  const [first, second, third] = processes;
  claims.take(first, { type: 'subscribed', key, id: 'a' });
  claims.take(second, { type: 'subscribed', key, id: 'b' });
  claims.take(third, { type: 'subscribed', key, id: 'c' });
  claims.take(first, { type: 'unsubscribed', key, id: 'a', mayComeBack: false });
  claims.take(first, { type: 'yielded', key, by: { process: 1, id: 'b' } });
  claims.take(first, { type: 'yielded', key, by: { process: 2, id: 'c' } });
  expect(second.heard.at(-1)).toEqual({ type: 'claimed', key, by: { process: 2, id: 'c' } });
  claims.take(second, { type: 'unsubscribed', key, id: 'b', mayComeBack: false });
  claims.take(second, { type: 'yielded', key, by: { process: 2, id: 'c' } });
  expect(third.heard).toEqual([{ type: 'continues', id: 'c', place: { process: 1, id: 'b' } }]);
});

test('a process that dies before it answers has yielded, and what it had is known for a while', () => {
  const { claims, processes } = three();
  const [first, second, third] = processes;
  claims.take(first, { type: 'subscribed', key, id: 'a' });
  claims.take(second, { type: 'subscribed', key, id: 'b' });
  claims.gone(first);
  expect(second.heard).toEqual([{ type: 'continues', id: 'b', place: { process: 0, id: 'a' } }]);
  claims.gone(second);
  claims.take(third, { type: 'subscribed', key, id: 'c' });
  expect(third.heard).toEqual([{ type: 'continues', id: 'c', place: { process: 1, id: 'b' } }]);
});

test('a call that has hung up is forgotten; one that a drain has cut may come back', () => {
  const { claims, processes } = three();
  const [first, second] = processes;
  claims.take(first, { type: 'subscribed', key, id: 'a' });
  claims.take(first, { type: 'unsubscribed', key, id: 'a', mayComeBack: false });
  claims.take(second, { type: 'subscribed', key, id: 'b' });
  expect([first.heard, second.heard]).toEqual([[], []]);
  claims.take(second, { type: 'unsubscribed', key, id: 'b', mayComeBack: true });
  claims.take(first, { type: 'subscribed', key, id: 'c' });
  expect(first.heard).toEqual([{ type: 'continues', id: 'c', place: { process: 1, id: 'b' } }]);
});

test('with --duplicate reject the newer one is refused when the older one stays', () => {
  for (const refusesDuplicates of [true, false]) {
    const { claims, processes } = three(refusesDuplicates);
    const [first, second] = processes;
    claims.take(first, { type: 'subscribed', key, id: 'a' });
    claims.take(second, { type: 'subscribed', key, id: 'b' });
    claims.take(first, { type: 'kept', key, by: { process: 1, id: 'b' } });
    expect(second.heard).toEqual(refusesDuplicates ? [{ type: 'refused', id: 'b' }] : []);
  }
});
