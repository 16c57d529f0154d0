/**
 * Which labels a selector selects, by the API's rules.
 *
 * @module
 */
import type { Labels, LabelSelector, NodeSelectorTerm, SelectorRequirement } from "./types.ts";

const NO_LABELS: Labels = {};

/**
 * Whether `selector` selects `labels`. No selector selects nothing, an empty one everything.
 */
export function selects(selector: LabelSelector | undefined, labels: Labels = NO_LABELS): boolean {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? NO_LABELS)) {
    if (labels[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((wanted) => meets(wanted, labels));
}

/** Whether a selector would select everything, which no workload may ask for. */
export function selectsAll(selector: LabelSelector | undefined): boolean {
  return selector !== undefined && Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0;
}

/**
 * Whether a node of this name and these labels is selected by one of `terms`.
 * A term without any requirement selects nothing.
 */
export function selectsNode(
  terms: readonly NodeSelectorTerm[],
  node: { name: string; labels?: Labels },
): boolean {
  return terms.some((term) => selectsNodeByTerm(term, node));
}

/** As {@linkcode selectsNode}, for one term. */
export function selectsNodeByTerm(
  term: NodeSelectorTerm,
  node: { name: string; labels?: Labels },
): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const fieldValues = { "metadata.name": node.name };
  return expressions.every((wanted) => meets(wanted, node.labels ?? NO_LABELS)) &&
    fields.every((wanted) => meets(wanted, fieldValues));
}

function meets({ key, operator, values = [] }: SelectorRequirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt": {
      const [left, right] = [wholeNumber(value), wholeNumber(values[0])];
      if (left === undefined || right === undefined) return false;
      return operator === "Gt" ? left > right : left < right;
    }
    default:
      return false;
  }
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}
