/**
 * DELETE: at once, after a grace period (pods), or when finalizers are gone. Collecting dependents
 * is a controller's work; the server only sets the finalizers that ask for it.
 */
import { IMMORTAL_NAMESPACES } from "./admission.ts";
import type { Backend } from "./backend.ts";
import { failedPrecondition, forbidden, invalid, notFound } from "./errors.ts";
import type { KindInfo } from "./kinds.ts";
import { inOrder } from "./metadata.ts";
import { type ApiObject, at, formatTime, isObject, type JsonObject } from "./object.ts";
import { Stored } from "./stored.ts";

/** `DeleteOptions`, from the body or the query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun: boolean;
}

/** What became of the object. */
export interface Deletion {
  readonly stored: Stored;
  /** Whether it is gone, not only marked. */
  readonly done: boolean;
}

const DEFAULT_GRACE_SECONDS = 30;

/** Reads DeleteOptions; the body goes before the query. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const given: JsonObject = isObject(body) ? body : {};
  const grace = given.gracePeriodSeconds ?? query.get("gracePeriodSeconds");
  const orphan = given.orphanDependents ?? query.get("orphanDependents");
  let policy = given.propagationPolicy ?? query.get("propagationPolicy") ?? undefined;
  const fail = (field: string, value: unknown, why: string) =>
    invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [{
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
      field,
    }]);
  if (orphan !== null && orphan !== undefined) {
    if (policy) {
      throw fail(
        "propagationPolicy",
        policy,
        "orphanDependents and deletionPropagation cannot be both set",
      );
    }
    policy = String(orphan) === "true" ? "Orphan" : "Background";
  }
  if (policy !== undefined && !["Orphan", "Background", "Foreground"].includes(String(policy))) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [{
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${
        JSON.stringify(policy)
      }: supported values: "Foreground", "Background", "Orphan", "nil"`,
      field: "propagationPolicy",
    }]);
  }
  const dryRun = given.dryRun ?? query.getAll("dryRun");
  const wanted = isObject(given.preconditions) ? given.preconditions : {};
  const seconds = grace === null || grace === undefined ? undefined : Number(grace);
  if (seconds !== undefined && !Number.isSafeInteger(seconds)) {
    throw fail("gracePeriodSeconds", grace, "must be an integer");
  }
  return {
    // Less than nothing means as soon as possible, but not by force.
    ...(seconds === undefined ? {} : { gracePeriodSeconds: seconds < 0 ? 1 : seconds }),
    ...(policy ? { propagationPolicy: policy as DeleteOptions["propagationPolicy"] } : {}),
    preconditions: {
      ...(wanted.uid ? { uid: String(wanted.uid) } : {}),
      ...(wanted.resourceVersion ? { resourceVersion: String(wanted.resourceVersion) } : {}),
    },
    dryRun: Array.isArray(dryRun) && dryRun.includes("All"),
  } as DeleteOptions;
}

/** Deletes an object, or marks it for deletion. */
export function deleteObject(
  backend: Backend,
  kind: KindInfo,
  input: { namespace: string; name: string; options: DeleteOptions },
): Deletion {
  const { store } = backend;
  const { namespace, name, options } = input;
  const current = store.get(kind.storage, namespace, name);
  if (kind.storage === "namespaces" && IMMORTAL_NAMESPACES.includes(name)) {
    throw forbidden(kind, name, "this namespace may not be deleted");
  }
  if (!current) throw notFound(kind, name);
  checkPreconditions(kind, current, options);
  const old = current.object;
  const grace = gracePeriod(kind, old, options);
  const alreadyGraceful = old.metadata.deletionTimestamp &&
    typeof old.metadata.deletionGracePeriodSeconds === "number";
  const now = backend.now();
  let next: ApiObject = old;

  if (kind.storage === "namespaces") {
    next = markNamespace(old, now);
  } else if (alreadyGraceful) {
    const period = old.metadata.deletionGracePeriodSeconds as number;
    const finalizers = old.metadata.finalizers?.length ?? 0;
    if (grace === undefined || grace >= period) {
      if (period > 0 || finalizers > 0) return { stored: current, done: false };
    } else next = shorten(old, period, grace);
  } else if (grace !== undefined) next = mark(old, now, grace);

  const finalizers = collectorFinalizers(old, policyOf(kind, options, old));
  if (!alreadyGraceful) next = withFinalizers(next, finalizers);
  const waits = (next.metadata.finalizers?.length ?? 0) > 0 || hasNamespaceFinalizers(kind, next);
  if (waits && !next.metadata.deletionTimestamp) next = mark(next, now, 0);
  next = inOrder(next, next.metadata);

  let stored = current;
  if (next !== old && JSON.stringify(next) !== JSON.stringify(old)) {
    stored = options.dryRun
      ? new Stored(next, current.revision, "MODIFIED")
      : kind.storage === "pods" || waits || (grace ?? 0) > 0
      ? store.put(kind.storage, next)
      : current;
  }
  if (waits || (next.metadata.deletionGracePeriodSeconds ?? 0) > 0) return { stored, done: false };
  if (options.dryRun) return { stored, done: true };
  return { stored: store.delete(kind.storage, namespace, name) ?? stored, done: true };
}

/** Seconds a pod may take; undefined for kinds without grace. */
function gracePeriod(
  kind: KindInfo,
  object: ApiObject,
  options: DeleteOptions,
): number | undefined {
  if (kind.storage !== "pods") return undefined;
  if (object.metadata.deletionTimestamp && options.gracePeriodSeconds === undefined) {
    return undefined;
  }
  const phase = at(object, "status", "phase");
  if (!at(object, "spec", "nodeName") || phase === "Failed" || phase === "Succeeded") return 0;
  const own = at(object, "spec", "terminationGracePeriodSeconds");
  return options.gracePeriodSeconds ?? (typeof own === "number" ? own : DEFAULT_GRACE_SECONDS);
}

function checkPreconditions(kind: KindInfo, current: Stored, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = current.object;
  if (uid && uid !== metadata.uid) {
    const mismatch = { field: "UID", wanted: uid, present: metadata.uid } as const;
    throw failedPrecondition(kind, current, mismatch);
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw failedPrecondition(kind, current, {
      field: "ResourceVersion",
      wanted: resourceVersion,
      present: metadata.resourceVersion,
    });
  }
}

function mark(object: ApiObject, now: Date, grace: number): ApiObject {
  const { metadata } = object;
  const first = !metadata.deletionTimestamp;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(first && metadata.generation ? { generation: metadata.generation + 1 } : {}),
      deletionTimestamp: formatTime(new Date(now.getTime() + grace * 1000)),
      deletionGracePeriodSeconds: grace,
    },
  };
}

function shorten(object: ApiObject, period: number, grace: number): ApiObject {
  const due = new Date(object.metadata.deletionTimestamp as string).getTime();
  return {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: formatTime(new Date(due - (period - grace) * 1000)),
      deletionGracePeriodSeconds: grace,
    },
  };
}

function markNamespace(namespace: ApiObject, now: Date): ApiObject {
  if (namespace.metadata.deletionTimestamp) return namespace;
  return {
    ...namespace,
    metadata: { ...namespace.metadata, deletionTimestamp: formatTime(now) },
    status: { ...namespace.status as JsonObject, phase: "Terminating" },
  };
}

function hasNamespaceFinalizers(kind: KindInfo, object: ApiObject): boolean {
  if (kind.storage !== "namespaces") return false;
  const left = at(object, "spec", "finalizers");
  return Array.isArray(left) && left.length > 0;
}

/** What becomes of dependents; an object that asks for it by a finalizer keeps that. */
function policyOf(
  kind: KindInfo,
  { propagationPolicy }: DeleteOptions,
  { metadata: { finalizers = [] } }: ApiObject,
): DeleteOptions["propagationPolicy"] {
  if (propagationPolicy || !kind.orphansByDefault) return propagationPolicy;
  return finalizers.includes("foregroundDeletion") ? undefined : "Orphan";
}

/** The finalizers after the client said what is to become of dependents. */
function collectorFinalizers(
  object: ApiObject,
  policy: DeleteOptions["propagationPolicy"],
): string[] {
  const present = object.metadata.finalizers ?? [];
  if (!policy) return present;
  const others = present.filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  if (policy === "Orphan") return [...others, "orphan"];
  if (policy === "Foreground") return [...others, "foregroundDeletion"];
  return others;
}

function withFinalizers(object: ApiObject, finalizers: string[]): ApiObject {
  return { ...object, metadata: { ...object.metadata, finalizers } };
}
