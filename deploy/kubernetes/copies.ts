/**
 * Writes what stands elsewhere in deploy/ and the manifests need as well, because kustomize reads no file outside of its own
 * folders: the rules of deploy/prometheus for the Prometheus Operator and for Azure, and deploy/haproxy with all pods as servers.
 * A test compares them.
 *
 *   ./node_modules/.bin/node deploy/kubernetes/copies.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ruleGroupTemplate } from '../azure/rule-groups.ts';

function source(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

/** The rules of the gateways, and of HAProxy in front of them. */
const gatewayRules = ['recording.yml', 'alerts.yml'];
const balancerRules = ['haproxy.yml'];

function head(name: string): string {
  return `# Written by deploy/kubernetes/copies.ts from deploy/prometheus/rules: change the rules there, and run it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
    # release: kube-prometheus-stack   CHANGE: what the ruleSelector of your Prometheus wants
spec:
  groups:
`;
}

/** The groups of a rule file, deeper by two spaces, below what the file says at its top. */
function groupsOf(name: string): string {
  const text = source(`prometheus/rules/${name}`).replaceAll('../tests', 'deploy/prometheus/tests');
  const [comment, groups, more] = text.split(/^groups:\n/m);
  if (groups === undefined || more !== undefined) throw new Error(`${name}: expected one "groups:"`);
  const above = comment!.trimEnd().replaceAll(/^/gm, '  ');
  return `${above}\n${groups.trimEnd()}`.replaceAll(/^(?=.)/gm, '  ');
}

function prometheusRule(name: string, files: readonly string[]): string {
  return `${head(name)}${files.map(groupsOf).join('\n\n')}\n`;
}

/** HAProxy's configuration with one line for all pods instead of a line for each gateway. */
function haproxy(): string {
  const text = source('haproxy/haproxy.cfg');
  const servers = /(?:^ {4}#.*\n)*^ {4}server gateway-1 [\s\S]*?(?=^resolvers )/m;
  if (!servers.test(text)) throw new Error('haproxy.cfg: expected "server gateway-1" before "resolvers"');
  const all = `    # GATEWAYS: the name of the headless Service and the port. Up to 40 pods, those that drain included.
    server-template gateway- 40 "\${GATEWAYS}" resolvers dns init-addr none

`;
  const variables = text.replace(
    /^# {3}GATEWAY_1, GATEWAY_2 .*$/m,
    '#   GATEWAYS                  none     the pods, see there',
  );
  const first = '# Written by deploy/kubernetes/copies.ts from deploy/haproxy: change it there, and run it.\n#\n';
  return first + variables.replace(servers, () => all);
}

/** The text of each file, by its address. */
export function copies(): Map<string, string> {
  const rules = [...gatewayRules, ...balancerRules].map((name) => source(`prometheus/rules/${name}`));
  const files: [path: string, text: string][] = [
    ['components/monitoring/prometheusrule.yaml', prometheusRule('acs-audio-gateway', gatewayRules)],
    ['components/balancer-monitoring/prometheusrule.yaml', prometheusRule('acs-audio-balancer', balancerRules)],
    ['components/balancer/haproxy.cfg', haproxy()],
    ['../azure/rules.json', `${JSON.stringify(ruleGroupTemplate(rules), null, 2)}\n`],
  ];
  return new Map(files.map(([path, text]) => [new URL(path, import.meta.url).pathname, text]));
}

if (import.meta.main) for (const [path, text] of copies()) writeFileSync(path, text);
