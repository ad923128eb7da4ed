/**
 * The SecretProviderClass of the Secrets Store CSI driver (secrets-store.csi.x-k8s.io/v1), as its CRD and the reference of Azure's
 * provider describe it: no package publishes it. Types for fields, `vaultProblems` for values.
 */
import { parse } from 'yaml';

export interface ISecretProviderClass {
  readonly apiVersion: 'secrets-store.csi.x-k8s.io/v1';
  readonly kind: 'SecretProviderClass';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly provider: 'azure';
    readonly parameters: AzureParameters;
    /** Secrets of Kubernetes that the driver makes while a pod has it mounted. */
    readonly secretObjects?: readonly {
      readonly secretName: string;
      readonly type: 'Opaque' | 'kubernetes.io/tls' | 'kubernetes.io/dockerconfigjson';
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly data: readonly { readonly objectName: string; readonly key: string }[];
    }[];
  };
}

/** All are strings. */
interface AzureParameters {
  readonly usePodIdentity?: 'true' | 'false';
  readonly useVMManagedIdentity?: 'true' | 'false';
  readonly userAssignedIdentityID?: string;
  /** Of a workload identity. */
  readonly clientID?: string;
  readonly keyvaultName: string;
  readonly cloudName?: string;
  readonly tenantId: string;
  /** YAML in a string: an array of strings, each YAML of an object. */
  readonly objects: string;
}

interface VaultObject {
  readonly objectName?: string;
  readonly objectType?: string;
  readonly objectAlias?: string;
  readonly objectVersion?: string;
}

/** What is wrong with the values: a line each. */
export function vaultProblems(manifest: ISecretProviderClass): string[] {
  const { parameters, secretObjects = [] } = manifest.spec;
  const texts = (parse(parameters.objects) as { array?: unknown })?.array;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
    return ['objects: not an array of texts'];
  const objects = texts.map((text) => parse(text) as VaultObject);
  const problems = objects
    .filter(({ objectType }) => !['secret', 'key', 'cert'].includes(objectType ?? ''))
    .map(({ objectName, objectType }) => `${objectName}: no type of object: ${objectType}`);
  const fields = ['objectName', 'objectType', 'objectAlias', 'objectVersion', 'objectFormat', 'filePermission'];
  const strange = objects.flatMap((object) => Object.keys(object)).filter((field) => !fields.includes(field));
  problems.push(...strange.map((field) => `objects: no such field: ${field}`));
  const names = objects.map(({ objectAlias, objectName }) => objectAlias ?? objectName);
  for (const { objectName } of secretObjects.flatMap(({ data }) => data)) {
    if (!names.includes(objectName)) problems.push(`${objectName}: is not fetched from the vault`);
  }
  return problems;
}
