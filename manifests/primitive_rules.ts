import type { PolicyRule } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";

/** What a kind of primitive uses. */
interface Uses {
  /** A ConfigMap `troupe-<kind>-<name>`. */
  readonly record?: "watched" | "read";
  /** Leases `troupe-session-…`, each of a process that lives. */
  readonly sessions?: true;
  /** A Lease `troupe-<kind>-<name>`. */
  readonly lease?: true;
  /** ConfigMaps with names that are made up. */
  readonly leaves?: true;
  /** The pods of the namespace. */
  readonly pods?: true;
}

/** What a primitive can be. */
export type PrimitiveKind =
  | "barrier"
  | "counter"
  | "discovery"
  | "election"
  | "key-value"
  | "latch"
  | "mutex"
  | "once"
  | "ownership"
  | "read-write-lock"
  | "semaphore"
  | "sequence";

/** A primitive by its kind and name, as `"mutex/orders"`. */
export type PrimitiveRef = `${PrimitiveKind}/${string}`;

/** What each kind uses. */
const USES: Readonly<Record<PrimitiveKind, Uses>> = {
  barrier: { record: "watched", sessions: true },
  counter: { record: "watched" },
  discovery: { sessions: true, pods: true },
  election: { lease: true },
  "key-value": { record: "watched", leaves: true },
  latch: { record: "watched" },
  mutex: { record: "watched", sessions: true },
  once: { record: "watched", sessions: true },
  ownership: { record: "watched", sessions: true },
  "read-write-lock": { record: "watched", sessions: true },
  semaphore: { record: "watched", sessions: true },
  sequence: { record: "read" },
};

/** Names of the kinds of primitives. */
export const PRIMITIVE_KINDS: readonly PrimitiveKind[] = Object.keys(USES) as PrimitiveKind[];

/**
 * What a process may do that uses these primitives and no others, as far as a Role can say that: an object
 * that is created has no name yet, and those that have random names are granted as a whole.
 */
export function primitiveRules(primitives: readonly PrimitiveRef[]): PolicyRule[] {
  const all = [...new Set(primitives)].sort().map((text) => {
    const kind = text.slice(0, text.indexOf("/")) as PrimitiveKind;
    return { object: `troupe-${kind}-${text.slice(kind.length + 1)}`, uses: USES[kind] };
  });
  const using = (what: keyof Uses) => all.filter(({ uses }) => uses[what]);
  const objects = (found: typeof all) => found.map(({ object }) => object);
  const records = using("record");
  const watched = objects(records.filter(({ uses }) => uses.record === "watched"));
  const read = objects(records.filter(({ uses }) => uses.record === "read"));
  const elections = objects(using("lease"));
  const sessions = using("sessions").length > 0;
  const rules: [needed: boolean, rule: PolicyRule][] = [
    [records.length > 0, rule("", "configmaps", ["create"])],
    [watched.length > 0, rule("", "configmaps", ["get", "list", "update", "watch"], watched)],
    [read.length > 0, rule("", "configmaps", ["get", "update"], read)],
    [using("leaves").length > 0, rule("", "configmaps", ["delete", "get", "list"])],
    [sessions || elections.length > 0, rule(LEASES, "leases", ["create"])],
    [sessions, rule(LEASES, "leases", ["delete", "get", "list", "update", "watch"])],
    [elections.length > 0 && !sessions, rule(LEASES, "leases", ELECTION_VERBS, elections)],
    [using("pods").length > 0, rule("", "pods", ["list", "watch"])],
  ];
  return rules.filter(([needed]) => needed).map(([, rule]) => rule);
}

const LEASES = "coordination.k8s.io";
const ELECTION_VERBS = ["get", "list", "update", "watch"];

function rule(group: string, resource: string, verbs: string[], names?: string[]): PolicyRule {
  return {
    apiGroups: [group],
    resources: [resource],
    verbs,
    ...(names && { resourceNames: names }),
  };
}
