/** Saves what a browser has photographed: few colours are enough for what is flat, and make it a third as large. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

const palette = 'split[a][b];[a]palettegen=max_colors=200[p];[b][p]paletteuse=dither=none';

/** @param png of any number of colours. Wants ffmpeg. Returns the bytes of the file */
export function savePicture(png: Buffer, path: string): number {
  const flags = ['-v', 'error', '-y', '-f', 'png_pipe', '-i', 'pipe:', '-vf', palette, path];
  execFileSync('ffmpeg', flags, { input: png });
  const { size } = statSync(path);
  console.log(`${path} ${Math.round(size / 1000)} KB`);
  return size;
}
