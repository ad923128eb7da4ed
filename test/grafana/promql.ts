/**
 * Reads PromQL with the grammar of Prometheus's own editor: what a query uses, and whether that exists. Pure. It knows the
 * syntax and the labels, not the types; those a real Prometheus judges.
 */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface MetricUse {
  readonly name: string;
  /** The labels that its matchers name. */
  readonly labels: readonly string[];
  /** The labels that aggregations and vector matching around it name. */
  readonly grouping: readonly string[];
}

/** The label names of each metric that there is. */
export type Catalogue = ReadonlyMap<string, ReadonlySet<string>>;

export interface QueryCheck {
  /** The labels of the result. */
  readonly labels: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** Where the text is not PromQL; empty if it is. */
export function syntaxErrors(expr: string): string[] {
  const errors: string[] = expr.trim() === '' ? ['empty'] : [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) errors.push(`syntax error at ${from}: "${expr.slice(from, to + 20)}"`);
    },
  });
  return errors;
}

/** Every metric that the query selects, as often as it does. */
export function metricsIn(expr: string): MetricUse[] {
  const uses: MetricUse[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, node }) => {
      if (name !== 'VectorSelector') return;
      const grouping: string[] = [];
      for (let outer = node.parent; outer !== null; outer = outer.parent) {
        for (const modifier of ['AggregateModifier', 'MatchingModifierClause']) {
          for (const found of outer.getChildren(modifier)) grouping.push(...labelNames(found, expr));
        }
      }
      uses.push({ ...selector(node, expr), grouping });
    },
  });
  return uses;
}

/** Whether every metric exists and has the labels that the query asks of it, and which labels come out. */
export function checkQuery(expr: string, catalogue: Catalogue): QueryCheck {
  const problems = syntaxErrors(expr);
  if (problems.length > 0) return { labels: new Set(), problems };
  const labels = labelsOf(parser.parse(expr).topNode.firstChild, { expr, catalogue, problems });
  return { labels: labels ?? new Set(), problems };
}

interface Check {
  readonly expr: string;
  readonly catalogue: Catalogue;
  readonly problems: string[];
}

function textOf(node: SyntaxNode, expr: string): string {
  return expr.slice(node.from, node.to);
}

function labelNames(node: SyntaxNode, expr: string): string[] {
  return node
    .getChildren('GroupingLabels')
    .flatMap((list) => list.getChildren('LabelName').map((n) => textOf(n, expr)));
}

function selector(node: SyntaxNode, expr: string): { name: string; labels: string[] } {
  const identifier = node.getChild('Identifier');
  let name = identifier === null ? '' : textOf(identifier, expr);
  const labels: string[] = [];
  for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
    const label = textOf(matcher.getChild('LabelName')!, expr);
    if (label === '__name__') name = textOf(matcher.getChild('StringLiteral')!, expr).slice(1, -1);
    else labels.push(label);
  }
  return { name, labels };
}

function demand(wanted: readonly string[], labels: ReadonlySet<string>, node: SyntaxNode, check: Check): void {
  for (const label of wanted) {
    if (!labels.has(label)) check.problems.push(`no label "${label}" in ${textOf(node, check.expr)}`);
  }
}

/** The labels of a vector; null for a number or a string. */
function labelsOf(node: SyntaxNode | null, check: Check): ReadonlySet<string> | null {
  if (node === null) return null;
  if (node.name === 'VectorSelector') return labelsOfSelector(node, check);
  if (node.name === 'AggregateExpr') return labelsOfAggregate(node, check);
  if (node.name === 'BinaryExpr') return labelsOfBinary(node, check);
  let found: ReadonlySet<string> | null = null;
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found = labelsOf(child, check) ?? found;
  if (node.name !== 'FunctionCall') return found;
  const called = textOf(node.getChild('FunctionIdentifier')!, check.expr);
  if (['vector', 'absent', 'absent_over_time'].includes(called)) return new Set();
  if (['scalar', 'time'].includes(called) || found === null) return null;
  if (called === 'label_replace' || called === 'label_join') {
    const target = node.getChild('FunctionCallBody')!.getChild('StringLiteral')!;
    return new Set([...found, textOf(target, check.expr).slice(1, -1)]);
  }
  if (called !== 'histogram_quantile') return found;
  demand(['le'], found, node, check);
  return new Set([...found].filter((label) => label !== 'le'));
}

function labelsOfSelector(node: SyntaxNode, check: Check): ReadonlySet<string> {
  const { name, labels } = selector(node, check.expr);
  const known = check.catalogue.get(name);
  if (known === undefined) {
    check.problems.push(`no metric "${name}"`);
    return new Set();
  }
  demand(labels, known, node, check);
  return known;
}

function labelsOfAggregate(node: SyntaxNode, check: Check): ReadonlySet<string> {
  const inner = labelsOf(node.getChild('FunctionCallBody'), check) ?? new Set<string>();
  const modifier = node.getChild('AggregateModifier');
  const names = modifier === null ? [] : labelNames(modifier, check.expr);
  demand(names, inner, node, check);
  if (node.getChild('AggregateOp')!.firstChild!.name.match(/^(Topk|Bottomk)$/) !== null) return inner;
  if (modifier?.getChild('Without')) return new Set([...inner].filter((label) => !names.includes(label)));
  return new Set(names);
}

function labelsOfBinary(node: SyntaxNode, check: Check): ReadonlySet<string> | null {
  const left = labelsOf(node.firstChild, check);
  const right = labelsOf(node.lastChild, check);
  if (left === null || right === null) return left ?? right;
  const clause = node.getChild('MatchingModifierClause');
  if (node.getChild('Or')) return new Set([...left, ...right]);
  const [matched, ...included] = clause?.getChildren('GroupingLabels') ?? [];
  const names = matched?.getChildren('LabelName').map((each) => textOf(each, check.expr)) ?? [];
  if (clause?.getChild('On')) {
    demand(names, left, node, check);
    demand(names, right, node, check);
  }
  const isSet = node.getChild('And') !== null || node.getChild('Unless') !== null;
  if (isSet) return left;
  const extra = included.flatMap((list) => list.getChildren('LabelName').map((each) => textOf(each, check.expr)));
  if (clause?.getChild('GroupLeft')) {
    demand(extra, right, node, check);
    return new Set([...left, ...extra]);
  }
  if (clause?.getChild('GroupRight')) {
    demand(extra, left, node, check);
    return new Set([...right, ...extra]);
  }
  if (clause?.getChild('On')) return new Set(names);
  const plain = clause === null ? [] : names;
  const both = [left, right].map((side) => [...side].filter((label) => !plain.includes(label)).sort());
  if (both[0]!.join() !== both[1]!.join()) {
    const sides = both.map((side) => `{${side.join(', ')}}`).join(' and ');
    check.problems.push(`${sides} never match in ${textOf(node, check.expr)}`);
  }
  return new Set(both[0]);
}
