/** A program that is bundled: it works with the package beside it, and says in one sentence why it cannot be in it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folders.ts';
import { entry } from '../support/gateway-process.ts';

const source = `
import { startGateway } from 'acs-audio-gateway';
const gateway = await startGateway({ port: 0, adminPort: 0, workers: 1, ringMemoryMb: 16, logLevel: 'silent' });
const { isExact } = await gateway.stop();
console.log(JSON.stringify({ isExact }));
`;

/** Bundles the program and runs it. */
async function runBundle(external: readonly string[], format: 'esm' | 'cjs') {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(resolve(entry, '../..'), join(folder, 'node_modules/acs-audio-gateway'));
  const input = join(folder, 'program.ts');
  // CommonJS has no await at the top.
  writeFileSync(
    input,
    format === 'cjs' ? source.replace(/(?<=from .*;\n)([\s\S]*)/, 'void (async () => {$1})();') : source,
  );
  const bundle = await rolldown({ input, platform: 'node', external: [...external], logLevel: 'silent', cwd: folder });
  const file = format === 'esm' ? 'program.mjs' : 'program.cjs';
  await bundle.write({ dir: folder, format, entryFileNames: file });
  await bundle.close();
  return spawnSync(process.execPath, [join(folder, file)], { encoding: 'utf8', timeout: 120_000 });
}

it('works with the package beside the bundle', async () => {
  const { status, stdout, stderr } = await runBundle(['acs-audio-gateway'], 'esm');
  expect(stderr).toBe('');
  expect([status, JSON.parse(stdout)]).toEqual([0, { isExact: true }]);
});

it.each(['esm', 'cjs'] as const)('says what to do when the package is part of the bundle (%s)', async (format) => {
  const { status, stdout, stderr } = await runBundle([], format);
  expect(status).not.toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain('GatewayError: acs-audio-gateway cannot be part of a bundle');
  expect(stderr).toContain('esbuild --external:acs-audio-gateway');
});
