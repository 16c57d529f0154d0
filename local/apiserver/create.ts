/** POST of a new object. */
import { admitPod, admitToNamespace } from "./admission.ts";
import { type Backend, storedForm, type WriteOptions } from "./backend.ts";
import { alreadyExists, invalid, StatusError } from "./errors.ts";
import { wrongName, wrongNamespace } from "./identity.ts";
import type { KindInfo } from "./kinds.ts";
import { inOrder } from "./metadata.ts";
import { generateName } from "./names.ts";
import { type ApiObject, formatTime } from "./object.ts";
import { checkShape, problemsOf, trackWrite, withDefaults, type WriteStamp } from "./semantics.ts";
import { Stored } from "./stored.ts";
import { strategyOf } from "./strategies.ts";

/** Tries of a generated name that is taken. */
const NAME_TRIES = 8;

/** Where and what to create. */
export interface CreateInput {
  /** From the URL. */
  readonly namespace?: string;
  /** From the URL, when a PUT or apply creates. */
  readonly name?: string;
  readonly object: ApiObject;
  readonly options: WriteOptions;
  /** Whether managed fields are already there, from server-side apply. */
  readonly applied?: boolean;
}

/** Creates an object; throws a StatusError if it may not be. */
export function createObject(backend: Backend, kind: KindInfo, input: CreateInput): Stored {
  const { store } = backend;
  const { options } = input;
  const checked = checkShape(kind, input.object, { mode: options.fieldValidation });
  options.warnings.push(...checked.warnings);
  const namespace = kind.namespaced ? input.namespace ?? "" : "";
  const meta = { ...checked.object.metadata };
  if (kind.namespaced) {
    if (meta.namespace && meta.namespace !== namespace) throw wrongNamespace();
    meta.namespace = namespace;
  } else {
    if (meta.namespace) throw wrongNamespace();
    delete meta.namespace;
  }
  if (meta.resourceVersion) {
    // Without a reason and as a server's failure, as the real one.
    throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
  }
  const base = meta.name ? undefined : meta.generateName;
  if (base) meta.name = generateName(base);
  if (!meta.name) {
    throw invalid(kind, "", [{
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name",
    }]);
  }
  if (input.name !== undefined && meta.name !== input.name) throw wrongName(meta.name, input.name);
  admitToNamespace(backend, kind, { namespace, name: meta.name });
  for (let i = 1; base && i < NAME_TRIES && store.get(kind.storage, namespace, meta.name); i++) {
    meta.name = generateName(base);
  }
  if (store.get(kind.storage, namespace, meta.name)) throw alreadyExists(kind, meta.name);

  const now = backend.now();
  const strategy = strategyOf(kind);
  let object: ApiObject = { ...checked.object, metadata: meta };
  object = withDefaults(kind, strategy.decode?.(object) ?? object);
  if (!input.applied) object = track(kind, object, { manager: options.manager, now });
  object = { ...object, metadata: { ...object.metadata, uid: crypto.randomUUID() } };
  object = strategy.create?.(object, backend) ?? object;
  object = {
    ...object,
    metadata: {
      ...object.metadata,
      // Its place; the store fills it in.
      resourceVersion: options.dryRun ? undefined : "0",
      creationTimestamp: formatTime(now),
      generation: kind.generation ? 1 : undefined,
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined,
    },
  };
  const problems = problemsOf(kind, object);
  if (problems.length > 0) throw invalid(kind, meta.name, problems);
  if (kind.storage === "pods") admitPod(backend, kind, object);
  object = inOrder(storedForm(kind, object), object.metadata);
  if (options.dryRun) return new Stored(object, 0, "ADDED");
  return store.put(kind.storage, object);
}

/** Clients own what they sent and its defaults, not what admission adds, and never the status. */
function track(kind: KindInfo, object: ApiObject, stamp: WriteStamp): ApiObject {
  if (!("status" in kind.subresources)) {
    return trackWrite(kind, undefined, { ...stamp, after: object });
  }
  const { status: _, ...after } = object;
  const { metadata } = trackWrite(kind, undefined, { ...stamp, after: after as ApiObject });
  return { ...object, metadata };
}
