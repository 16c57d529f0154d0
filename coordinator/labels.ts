/** Names of the labels that every object of a coordinator carries. */
export const LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  coordinator: "troupe.dev/coordinator",
  workload: "troupe.dev/workload",
  /** In place of `workload` on a pod that was taken out of it. */
  quarantined: "troupe.dev/quarantined",
} as const;

/**
 * The label with the fencing token of the term that last wrote to an object. It is no annotation, as
 * those of a Deployment count as a change of it: its controller would have to look at it anew.
 */
export const TERM_LABEL = "troupe.dev/term";

/** Names of the annotations by which a coordinator remembers, on the objects themselves. */
export const ANNOTATIONS = {
  /** Hash of what was applied. */
  definition: "troupe.dev/definition",
  /** What its workers may use of primitives; a head without it has no Role. */
  primitives: "troupe.dev/primitives",
  /** What supervision has decided and not yet done, and how often workers were restarted. */
  supervision: "troupe.dev/supervision",
  /** Why a pod was taken out of its workload. */
  quarantineReason: "troupe.dev/quarantine-reason",
  /** Order in which the workloads of an app were declared. */
  order: "troupe.dev/order",
  /** How many workers there were before `stop()`. */
  stopped: "troupe.dev/stopped",
  /** From which ordinal on a stateful set rolled out before `pause()`. */
  paused: "troupe.dev/paused",
  /** Hash of the definition in whose place `undo()` put an earlier template. */
  undone: "troupe.dev/undone",
  /** On the template of pods: when `restart()` was called. */
  restartedAt: "troupe.dev/restarted-at",
  /** On the Secret with the keys: id of the one that is to be used once workers know it. */
  nextKey: "troupe.dev/next-key",
} as const;

/** Name of the container of a pod in which the worker runs. */
export const WORKER_CONTAINER = "worker";

/** Name of the port of a worker at which it hears messages by TLS. */
export const TLS_PORT = "troupe-tls";

/** Where the node agent writes the port of a pod that cannot have the declared one. */
export const PORT_ANNOTATION = "troupe.dev/port";

/** Which workload of which coordinator an object belongs to. */
export interface Ownership {
  /** The coordinator's name. */
  coordinator: string;
  /** The workload's name. */
  workload: string;
}

/** The labels of an object that a coordinator makes for a workload. */
export function ownLabels(owner: Ownership): Record<string, string> {
  return { [LABELS.managedBy]: "troupe", [LABELS.name]: owner.workload, ...selectorLabels(owner) };
}

/** The labels that select a workload's pods. */
export function selectorLabels(owner: Ownership): Record<string, string> {
  return { [LABELS.coordinator]: owner.coordinator, [LABELS.workload]: owner.workload };
}

/** Labels as the text of a label selector. */
export function selectorText(labels: Record<string, string>): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(",");
}

/** The field manager of a coordinator's writes. */
export function fieldManager(coordinator: string): string {
  return `troupe/${coordinator}`;
}

/** The Secret with a coordinator's keys, and the key in its data under which they stand. */
export function keySecret(coordinator: string): { name: string; key: string } {
  return { name: `troupe-${coordinator}-key`, key: "keys" };
}

/** The Secret with the certificate of a coordinator's workers and its key, and whom they may trust. */
export function tlsSecret(coordinator: string): {
  name: string;
  certificate: "tls.crt";
  privateKey: "tls.key";
  authority: "ca.crt";
} {
  return {
    name: `troupe-${coordinator}-tls`,
    certificate: "tls.crt",
    privateKey: "tls.key",
    authority: "ca.crt",
  };
}
