/** The installations that deploy/ offers for Kubernetes: each overlay of deploy/kubernetes, and deploy/azure. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { buildManifests, type Fields, type Manifest } from './manifests.ts';

const deploy = resolve(import.meta.dirname, '../../deploy');

export const overlays = [...readdirSync(join(deploy, 'kubernetes/overlays')), 'azure'];

/** Those with HAProxy in front. */
export const balanced = overlays.filter((overlay) => overlay !== 'production-direct');

export function folderOf(overlay: string): string {
  return join(deploy, overlay === 'azure' ? 'azure' : `kubernetes/overlays/${overlay}`);
}

export function build(overlay: string): Manifest[] {
  return buildManifests(folderOf(overlay));
}

/** What belongs to the gateway, or to the balancer. */
export function only(
  manifests: readonly Manifest[],
  kind: string,
  name = 'acs-audio-gateway',
): Manifest & { spec: Fields } {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0] as Manifest & { spec: Fields };
}
