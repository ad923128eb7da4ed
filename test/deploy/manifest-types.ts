/**
 * Judges manifests by the types of kubernetes-models, and by one of ours where nobody publishes any: the schemas for values, and
 * the TypeScript compiler for fields that do not exist, which a cluster would drop without a word.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Manifest } from './manifests.ts';
import { type ISecretProviderClass, vaultProblems } from './secret-provider-class.ts';

const root = resolve(import.meta.dirname, '../..');

/** Azure's copy of the Prometheus Operator's kinds, in a group of its own, and the original. */
const [azureMonitoring, monitoring] = ['azmonitoring.coreos.com/v1', 'monitoring.coreos.com/v1'] as const;

/** The module that has the kind. */
function moduleOf({ apiVersion, kind }: Manifest): string {
  if (apiVersion === 'v1') return `kubernetes-models/v1/${kind}`;
  if (apiVersion === azureMonitoring) return `@kubernetes-models/prometheus-operator/${monitoring}/${kind}`;
  const [group] = apiVersion.split('/');
  if (group === 'secrets-store.csi.x-k8s.io') return join(import.meta.dirname, 'secret-provider-class.ts');
  if (group === 'cert-manager.io') return `@kubernetes-models/cert-manager/${apiVersion}/${kind}`;
  if (group === 'keda.sh') return `@kubernetes-models/keda/${apiVersion}/${kind}`;
  if (group === 'monitoring.coreos.com') return `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`;
  return `kubernetes-models/${apiVersion}/${kind}`;
}

/** What is wrong with the values of a manifest: a line each. */
export async function valueProblems(manifest: Manifest): Promise<string[]> {
  const { metadata, kind, apiVersion } = manifest;
  if (kind === 'SecretProviderClass') return vaultProblems(manifest as unknown as ISecretProviderClass);
  try {
    const model = (await import(moduleOf(manifest))) as Record<string, new (data: unknown) => { validate(): void }>;
    const known = apiVersion === azureMonitoring ? { ...manifest, apiVersion: monitoring } : manifest;
    new model[kind]!(known).validate();
    return [];
  } catch (error) {
    return [`${kind} ${metadata.name}: ${(error as Error).message}`];
  }
}

/** What the compiler says about the manifests as typed literals: a line each. */
export function fieldProblems(manifests: readonly Manifest[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'acs-manifests-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const source = manifests.map((manifest, index) => {
      const original = `import('${moduleOf(manifest)}').I${manifest.kind}`;
      const isCopy = manifest.apiVersion === azureMonitoring;
      const type = isCopy ? `Omit<${original}, 'apiVersion'> & { apiVersion: '${azureMonitoring}' }` : original;
      return `export const manifest${index}: ${type} = ${JSON.stringify(manifest, null, 1)};\n`;
    });
    writeFileSync(join(folder, 'manifests.ts'), source.join(''));
    const options = [
      '--strict',
      '--noEmit',
      '--allowImportingTsExtensions',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
    ];
    const flags = ['--ignoreConfig', '--pretty', 'false', '--types', '', ...options];
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { status, stdout, stderr } = spawnSync(tsc, [...flags, 'manifests.ts'], { cwd: folder, encoding: 'utf8' });
    const lines = (stdout + stderr).split('\n').filter((line) => line !== '');
    if (status !== 0 && lines.length === 0) throw new Error(`tsc ended with ${status}`);
    return lines;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
