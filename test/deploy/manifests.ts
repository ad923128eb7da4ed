/**
 * Builds a folder of deploy/kubernetes the way `kubectl kustomize` does, as far as its files use it: resources, components,
 * patches, configMapGenerator, images, replicas, namespace. Any other key throws. The names of ConfigMaps stay without the hash
 * of their content.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export type Fields = { [key: string]: unknown };

export interface Manifest extends Fields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Fields & { name: string; namespace?: string; labels?: Record<string, string> };
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly { readonly path: string }[];
  readonly configMapGenerator?: readonly Generator[];
  readonly images?: readonly { name: string; newName: string; newTag: string }[];
  readonly replicas?: readonly { name: string; count: number }[];
  readonly namespace?: string;
}

interface Generator {
  readonly name: string;
  readonly behavior?: string;
  readonly literals?: readonly string[];
  readonly files?: readonly string[];
}

const known = ['apiVersion', 'kind', 'resources', 'components', 'patches', 'configMapGenerator', 'images', 'replicas'];

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What tells the items of a list apart: lists without such a key are replaced as a whole. */
function mergeKey(list: readonly unknown[]): string | null {
  return ['mountPath', 'name'].find((key) => list.every((item) => isFields(item) && key in item)) ?? null;
}

/** A strategic merge: maps field by field, lists of named things name by name. */
function merge(target: Fields, patch: Fields): Fields {
  const merged = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    const before = merged[field];
    if (isFields(before) && isFields(value)) merged[field] = merge(before, value);
    else if (Array.isArray(before) && Array.isArray(value)) merged[field] = mergeLists(before, value);
    else merged[field] = value;
  }
  return merged;
}

function mergeLists(before: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const key = mergeKey([...before, ...patch]);
  if (key === null) return [...patch];
  // What is patched comes first.
  const rest = [...before] as Fields[];
  const merged = (patch as Fields[]).map((item) => {
    const at = rest.findIndex((other) => other[key] === item[key]);
    return at < 0 ? item : merge(rest.splice(at, 1)[0]!, item);
  });
  return [...merged, ...rest];
}

export function readManifests(file: string): Manifest[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`);
    return document.toJS() as Manifest;
  });
}

function isSame(a: Manifest, b: Manifest): boolean {
  return a.kind === b.kind && a.metadata.name === b.metadata.name;
}

function configMap(folder: string, { name, literals = [], files = [] }: Generator): Manifest {
  const pairs = [
    ...literals.map((literal) => [literal.split('=', 1)[0]!, literal.slice(literal.indexOf('=') + 1)]),
    ...files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  ];
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: Object.fromEntries(pairs) };
}

/** Every container of a workload. */
export function containersOf(manifest: Manifest): Fields[] {
  const { spec } = manifest as { spec?: { template?: { spec?: { containers?: Fields[] } } } };
  return spec?.template?.spec?.containers ?? [];
}

function apply(folder: string, manifests: Manifest[]): Manifest[] {
  const file = join(folder, 'kustomization.yaml');
  const kustomization = parse(readFileSync(file, 'utf8')) as Kustomization;
  const strange = Object.keys(kustomization).filter((key) => !known.includes(key) && key !== 'namespace');
  if (strange.length > 0) throw new Error(`${file}: ${strange.join(', ')}: not built here`);
  const { resources = [], components = [], patches = [], configMapGenerator = [] } = kustomization;
  let built = [...manifests];
  for (const path of resources) {
    built.push(...(/\.ya?ml$/.test(path) ? readManifests(join(folder, path)) : apply(resolve(folder, path), [])));
  }
  for (const path of components) built = apply(resolve(folder, path), built);
  for (const { path } of patches) {
    for (const patch of readManifests(join(folder, path))) {
      if (!built.some((manifest) => isSame(manifest, patch))) throw new Error(`${path} in ${folder} patches nothing`);
      built = built.map((manifest) => (isSame(manifest, patch) ? (merge(manifest, patch) as Manifest) : manifest));
    }
  }
  for (const generator of configMapGenerator) {
    const { name, behavior = 'create' } = generator;
    const made = configMap(folder, generator);
    const exists = built.some((manifest) => isSame(manifest, made));
    if (exists !== (behavior === 'merge')) throw new Error(`${file}: ConfigMap ${name}: cannot ${behavior}`);
    if (!exists) built.push(made);
    else built = built.map((manifest) => (isSame(manifest, made) ? (merge(manifest, made) as Manifest) : manifest));
  }
  return transform(kustomization, built);
}

function transform({ images = [], replicas = [], namespace }: Kustomization, manifests: Manifest[]): Manifest[] {
  for (const manifest of manifests) {
    if (namespace !== undefined) manifest.metadata.namespace = namespace;
    for (const container of containersOf(manifest)) {
      const image = images.find(({ name }) => name === String(container['image']).split(':')[0]);
      if (image !== undefined) container['image'] = `${image.newName}:${image.newTag}`;
    }
    const scaled = replicas.find(({ name }) => manifest.kind === 'Deployment' && name === manifest.metadata.name);
    if (scaled !== undefined) (manifest['spec'] as Fields)['replicas'] = scaled.count;
  }
  return manifests;
}

/** Everything that `kubectl apply -k` of the folder would hand to the cluster. */
export function buildManifests(folder: string): Manifest[] {
  return apply(folder, []);
}
