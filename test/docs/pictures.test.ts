/** The pictures that scripts draw are those that the scripts draw now, and the other ones are not older than what they show. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { drawOverview, overviewPicture } from '../../docs/overview.ts';
import { pictureSources, sourcesMark } from '../../docs/picture-sources.ts';

const root = resolve(import.meta.dirname, '../..');
const images = join(root, 'docs/images');

test('the overview is what `npm run docs:overview` would draw', () => {
  expect(readFileSync(overviewPicture, 'utf8')).toBe(drawOverview());
});

test.each(Object.keys(pictureSources))('%s was made from the sources of today', (name) => {
  const recorded = readFileSync(join(images, 'sources.json'), 'utf8');
  const { remedy } = pictureSources[name]!;
  expect((JSON.parse(recorded) as Record<string, string>)[name], `older than what it shows: ${remedy}`).toBe(
    sourcesMark(name),
  );
});

test('every picture of docs/images is drawn by a script or has its sources on record', () => {
  const drawn = /^(overview|rollout-[a-z-]+)\.svg$/;
  const others = readdirSync(images).filter((name) => !drawn.test(name) && name !== 'sources.json');
  expect(others.sort()).toEqual(Object.keys(pictureSources).sort());
});

test('every command in the picture of the terminal is one of the README', () => {
  const picture = readFileSync(join(images, 'terminal.svg'), 'utf8');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const commands = Array.from(picture.matchAll(/>\$ ([^<]+)</g), ([, command]) => command!.trim());
  expect(commands).toHaveLength(3);
  expect(commands.filter((command) => !readme.includes(command))).toEqual([]);
});
