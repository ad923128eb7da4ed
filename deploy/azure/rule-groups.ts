/**
 * The rules of deploy/prometheus as Azure's managed Prometheus takes them: resources of Azure in a template of the Resource
 * Manager, which `az deployment group create` reads. Written to rules.json by deploy/kubernetes/copies.ts. Pure.
 *
 * The types are what Microsoft's reference of Microsoft.AlertsManagement/prometheusRuleGroups (2023-03-01) lists.
 */
import { parse } from 'yaml';

interface RecordingRule {
  readonly record: string;
  readonly expression: string;
  readonly labels?: Labels;
  readonly enabled?: boolean;
}

interface AlertRule {
  readonly alert: string;
  readonly expression: string;
  /** ISO 8601. */
  readonly for?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly enabled?: boolean;
  /** 0 critical, 1 error, 2 warning, 3 informational, 4 verbose. */
  readonly severity?: 0 | 1 | 2 | 3 | 4;
  readonly resolveConfiguration?: { readonly autoResolved: boolean; readonly timeToResolve: string };
  readonly actions?: readonly { readonly actionGroupId: string }[];
}

type Labels = Readonly<Record<string, string>>;

interface RuleGroup {
  readonly type: 'Microsoft.AlertsManagement/prometheusRuleGroups';
  readonly apiVersion: '2023-03-01';
  readonly name: string;
  readonly location: string;
  readonly properties: {
    readonly description?: string;
    readonly enabled?: boolean;
    readonly clusterName?: string;
    /** ISO 8601, a minute at least. */
    readonly interval?: string;
    /** The Azure Monitor workspace, and the cluster. */
    readonly scopes: readonly string[];
    readonly rules: readonly (RecordingRule | AlertRule)[];
  };
}

interface Template {
  readonly $schema: string;
  readonly contentVersion: string;
  readonly parameters: Readonly<
    Record<string, { type: 'string'; defaultValue?: string; metadata: { description: string } }>
  >;
  readonly resources: readonly RuleGroup[];
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly SourceRule[] }[];
}

interface SourceRule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

/** As many as Azure takes in one group. */
const rulesOfGroupMax = 20;

/** `90s` is PT90S. Azure evaluates once a minute: a shorter wait would say no more. */
export function isoDuration(text: string): string {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw new RangeError(`not a duration of one unit up to days: ${text}`);
  if (unit === 's' && Number(count) < 60) return 'PT1M';
  return unit === 'd' ? `P${count}D` : `PT${count}${unit!.toUpperCase()}`;
}

function azureRule(rule: SourceRule): RecordingRule | AlertRule {
  const { record, alert, expr, labels = {}, annotations = {} } = rule;
  const expression = expr.trim();
  if (record !== undefined) return { record, expression };
  return {
    alert: alert!,
    expression,
    ...(rule.for === undefined || /^0/.test(rule.for) ? {} : { for: isoDuration(rule.for) }),
    labels,
    annotations,
    severity: labels['severity'] === 'critical' ? 1 : 2,
    resolveConfiguration: { autoResolved: true, timeToResolve: 'PT5M' },
    actions: [{ actionGroupId: "[parameters('actionGroupId')]" }],
  };
}

/** Groups of at most twenty rules, in their order: alerts look at what was recorded before. */
function groupsOf(text: string): RuleGroup[] {
  const { groups } = parse(text) as RuleFile;
  return groups.flatMap(({ name, rules }) => {
    const parts = Array.from({ length: Math.ceil(rules.length / rulesOfGroupMax) }, (_, part) =>
      rules.slice(part * rulesOfGroupMax, (part + 1) * rulesOfGroupMax),
    );
    return parts.map(
      (part, index): RuleGroup => ({
        type: 'Microsoft.AlertsManagement/prometheusRuleGroups',
        apiVersion: '2023-03-01',
        name: index === 0 ? name : `${name}-${index + 1}`,
        location: "[parameters('location')]",
        properties: {
          enabled: true,
          interval: 'PT1M',
          clusterName: "[parameters('clusterName')]",
          scopes: ["[parameters('workspaceId')]", "[parameters('clusterId')]"],
          rules: part.map(azureRule),
        },
      }),
    );
  });
}

function parameter(description: string, defaultValue?: string): Template['parameters'][string] {
  return { type: 'string', ...(defaultValue === undefined ? {} : { defaultValue }), metadata: { description } };
}

/** `files`: rule files of Prometheus, as text. */
export function ruleGroupTemplate(files: readonly string[]): Template {
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: {
      workspaceId: parameter('Resource id of the Azure Monitor workspace.'),
      clusterId: parameter('Resource id of the AKS cluster.'),
      clusterName: parameter('Its name, as the label cluster has it.'),
      actionGroupId: parameter('Resource id of the action group that alerts go to.'),
      location: parameter('Region of the workspace.', '[resourceGroup().location]'),
    },
    resources: files.flatMap(groupsOf),
  };
}
