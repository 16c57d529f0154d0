import { isOlder } from "../../kube/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import { drift } from "./definition/mod.ts";
import { isEnded, isSameObject } from "./head_facts.ts";
import type { Applied } from "./workload_context.ts";

/**
 * Paths of what is not as it was applied, of a head and its parts; none if the head or a part was
 * deleted. Nothing if all is as applied, or if what was written is yet to be seen.
 */
export function driftOf(applied: Applied, view: ClusterView): string[] | undefined {
  const { params: { name, namespace }, definition, head, deleted } = applied;
  const { heads, parts } = view.namespace(namespace);
  const isCleared = deleted && isEnded(head); // a job that has ended may be cleared away
  if (isCleared) return undefined;
  if (deleted) return [];
  const seen = heads.get(head.kind)?.store.get(`${namespace}/${name}`);
  if (seen === undefined || !isSameObject(seen, head) || isOlder(seen, head)) return undefined;
  const fields = drift(definition.head, seen);
  let isMissing = false;
  for (const part of definition.parts) {
    const reflector = parts.get(part.kind);
    const found = reflector?.store.get(`${namespace}/${part.metadata?.name}`);
    if (found === undefined) isMissing ||= reflector?.health.synced ?? false;
    else fields.push(...drift(part, found).map((path) => `${part.kind}.${path}`));
  }
  return fields.length > 0 || isMissing ? fields : undefined;
}
