/** What admission adds to claims and volumes: a class, and finalizers that keep those in use. */
import type { Backend } from "./backend.ts";
import { type ApiObject, at, isObject, type JsonObject } from "./object.ts";

const CLASSES = "storageclasses.storage.k8s.io";
const IS_DEFAULT = "storageclass.kubernetes.io/is-default-class";
const FORMER_IS_DEFAULT = "storageclass.beta.kubernetes.io/is-default-class";
/** A claim's class under its former name. */
const FORMER_CLASS = "volume.beta.kubernetes.io/storage-class";

/** A new claim: its class is the default one if it names none. */
export function newClaim(claim: ApiObject, backend: Backend): ApiObject {
  const spec = (isObject(claim.spec) ? claim.spec : {}) as JsonObject;
  const named = spec.storageClassName !== undefined ||
    claim.metadata.annotations?.[FORMER_CLASS] !== undefined;
  const storageClassName = named ? undefined : defaultClass(backend);
  return protectedBy("kubernetes.io/pvc-protection", {
    ...claim,
    ...(storageClassName !== undefined && { spec: { ...spec, storageClassName } }),
    status: { phase: "Pending" },
  });
}

/** A new volume. */
export function newVolume(volume: ApiObject): ApiObject {
  return protectedBy("kubernetes.io/pv-protection", { ...volume, status: { phase: "Pending" } });
}

function protectedBy(finalizer: string, object: ApiObject): ApiObject {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}

/** The newest of the default classes. */
function defaultClass({ store }: Backend): string | undefined {
  const classes = [...store.collection(CLASSES).range()]
    .map(({ object }) => object)
    .filter((object) =>
      [IS_DEFAULT, FORMER_IS_DEFAULT].some((annotation) =>
        at(object, "metadata", "annotations", annotation) === "true"
      )
    )
    .sort((a, b) => order(timeOf(b), timeOf(a)) || order(nameOf(a), nameOf(b)));
  return classes[0]?.metadata.name;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function timeOf({ metadata }: ApiObject): string {
  return String(metadata.creationTimestamp ?? "");
}

function nameOf({ metadata }: ApiObject): string {
  return metadata.name ?? "";
}
