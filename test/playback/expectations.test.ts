/** What must hold of anything that speaks into a call holds of ours, and is no matter of course: of what samples do, nothing of it holds. */
import { describe, expect, it } from 'vitest';
import { expectations } from './expectations.ts';
import { NaivePacer } from './naive-pacer.ts';
import { OurSpeech } from './speech.ts';

describe('our pacer', () => {
  it.each(expectations)('$name', async ({ check }) => {
    using speech = new OurSpeech();
    await check(speech);
  });
});

describe('a naive pacer', () => {
  it.each(expectations)('does not: $name', async ({ check, complaint }) => {
    using speech = new NaivePacer();
    await expect((async () => check(speech))()).rejects.toThrow(complaint);
  });
});
