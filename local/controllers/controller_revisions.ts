/**
 * The revisions of a stateful set or a daemon set, kept as ControllerRevision objects: what its
 * older pods are made from, and what `kubectl rollout history` and `undo` read. Pure functions;
 * `keep_revisions.ts` carries them out.
 *
 * @module
 */
import {
  byAge,
  controlledBy,
  CONTROLLER_REVISIONS,
  type ControllerRevision,
  type DaemonSet,
  type Draft,
  isDeleting,
  type Labels,
  type PodTemplate,
  sameJson,
  type StatefulSet,
  type Write,
} from "../objects/mod.ts";
import { templateHash } from "./template_hash.ts";

/** What has revisions. */
export type Revisioned = StatefulSet | DaemonSet;

/** The label of a pod that names the revision it was made from. */
export const REVISION_LABEL = "controller-revision-hash";

/** Keeps all when no limit is set: the API's largest int32. */
const NO_LIMIT = 2 ** 31 - 1;

/** What to do so that the set's template has the highest revision. */
export type RevisionPlan =
  | { readonly do: "use"; readonly revision: ControllerRevision }
  /** An old state is the wanted one again. */
  | { readonly do: "renumber"; readonly revision: ControllerRevision; readonly write: Write }
  | { readonly do: "create"; readonly draft: Draft };

/** Decides which revision holds the set's template. `hashLabel` is the label of its hash. */
export function planRevision(
  set: Revisioned,
  revisions: readonly ControllerRevision[],
  { hashLabel }: { hashLabel: string },
): RevisionPlan {
  const sorted = byRevision(revisions);
  const highest = sorted.at(-1)?.revision ?? 0;
  const equal = sorted.findLast((revision) => holds(revision, set.spec.template));
  if (!equal) return { do: "create", draft: draftOf(set, highest + 1, hashLabel) };
  if (equal.revision === highest) return { do: "use", revision: equal };
  const { namespace, name, uid, resourceVersion } = equal.metadata;
  const patch = { metadata: { uid, resourceVersion }, revision: highest + 1 };
  return {
    do: "renumber",
    revision: { ...equal, revision: highest + 1 },
    write: { verb: "patch", kind: CONTROLLER_REVISIONS, target: { namespace, name }, patch },
  };
}

/** Revisions by their number, the oldest first. */
export function byRevision(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  return [...revisions].sort((a, b) => a.revision - b.revision || byAge(a, b));
}

/** Whether a revision holds this template. */
export function holds(revision: ControllerRevision, template: PodTemplate): boolean {
  return sameJson(templateOf(revision), template);
}

/** The template that a revision holds. */
export function templateOf({ data }: ControllerRevision): PodTemplate {
  const { $patch: _, ...template } = { ...data?.spec?.template } as PodTemplate & {
    $patch?: string;
  };
  return template as PodTemplate;
}

/** The revisions beyond the history limit that no pod is of. */
export function surplusRevisions(
  set: Revisioned,
  revisions: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
): ControllerRevision[] {
  const old = byRevision(revisions.filter((one) => !isLive(one) && !isDeleting(one)));
  const excess = old.length - (set.spec.revisionHistoryLimit ?? NO_LIMIT);
  return excess > 0 ? old.slice(0, excess) : [];
}

function draftOf(set: Revisioned, revision: number, hashLabel: string): Draft {
  const { template } = set.spec;
  const hash = templateHash(template, set.status?.collisionCount ?? 0);
  const labels: Labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const draft = {
    apiVersion: CONTROLLER_REVISIONS.apiVersion,
    kind: CONTROLLER_REVISIONS.kind,
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace,
      labels,
      annotations: set.metadata.annotations,
      ownerReferences: [controlledBy(set)],
    },
    // a strategic merge patch, sorted: clients compare it byte by byte
    data: sorted({ spec: { template: { ...template, $patch: "replace" } } }),
    revision,
  };
  return draft;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
