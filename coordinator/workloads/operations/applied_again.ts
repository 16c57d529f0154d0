import type { Head } from "../../heads.ts";

/**
 * A head as an apply that changes nothing: all that it is, and nothing of what only a server says.
 *
 * What an operation changes by such an apply, the next definition takes back when it is applied, as
 * it owns all that this one says and does not say it again. What is changed by a merge would stay.
 */
export function appliedAgain<H extends Head>(live: H): H {
  const { apiVersion, kind, metadata, spec } = live;
  const { name, namespace, labels, annotations, ownerReferences } = metadata ?? {};
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, labels, annotations, ownerReferences },
    spec,
  } as H;
}
