/**
 * Defaults and refusals beside those of a real API server, given
 * `TROUPE_TEST_KUBECONFIG=<its kubeconfig>`.
 */

import { deepStrictEqual } from "node:assert/strict";
import { KUBECONFIG_VARIABLE, RealServer } from "../patch/testdata/real_server.ts";
import { withoutNulls } from "../patch/json.ts";
import {
  applyDefaults,
  type FieldError,
  type JsonObject,
  validate,
  validateObject,
} from "./mod.ts";
import { SPARSE_OBJECTS, type SparseObject } from "./testdata/sparse_objects.ts";
import { WRONG_OBJECTS, type WrongObject } from "./testdata/wrong_objects.ts";

const KUBECONFIG = Deno.env.get(KUBECONFIG_VARIABLE);

Deno.test({
  name: "validateObject() refuses what a real API server refuses, with the same causes",
  ignore: !KUBECONFIG,
  fn: async (t) => {
    using server = new RealServer(KUBECONFIG!);
    for (const wrong of WRONG_OBJECTS) {
      await t.step(wrong.what, () => compareRefusal(server, wrong));
    }
  },
});

async function compareRefusal(server: RealServer, wrong: WrongObject): Promise<void> {
  const item = `${wrong.path}/${wrong.object.metadata.name}`;
  await server.request("DELETE", item);
  const { old, object } = await prepare(server, wrong);
  const real = old
    ? await server.request("PUT", item, { body: object })
    : await server.request("POST", wrong.path, { body: object });
  await server.request("DELETE", item);
  const { pruned } = validate(object, wrong.gvk);
  const ours = validateObject(applyDefaults(pruned, wrong.gvk), wrong.gvk, { old });
  deepStrictEqual(
    ours.map(comparable).sort(),
    real.code < 300 ? [] : (real.body.details?.causes ?? [real.body]).map(comparable).sort(),
  );
}

/** What is written: for a change, what it changes in the object that is there. */
async function prepare(
  server: RealServer,
  { path, before, object }: WrongObject,
): Promise<{ old?: JsonObject; object: JsonObject }> {
  if (!before) return { object };
  const { body: old } = await server.request("POST", path, { body: before });
  const { resourceVersion: _, ...metadata } = old.metadata;
  const spec = object.spec && { ...old.spec, ...object.spec };
  return { old, object: { ...object, metadata, ...spec && { spec } } };
}

/** Wordings that changed after 1.20, as patterns in ours and theirs. */
const REWORDED: [RegExp, string][] = [
  // values print as JSON now, as Go syntax then
  [
    /^((Invalid|Unsupported) value): ([[{]|[a-z0-9]+\.[A-Z]|map\[|\[\]string|\d+: may not be 0|"(x|120)%").*$/s,
    "$1",
  ],
  [/no more than (\d+) characters/, "no more than $1 bytes"],
  [/(cpu limit) of \d+$/, "$1"],
  [/must to greater or equal than/, "must be greater than or equal to"],
  [/updates to statefulset spec for fields other than .*/s, "updates to statefulset spec"],
  [/spec is immutable after creation except .*/s, "spec is immutable after creation"],
  [/persistentvolumesource is immutable after creation.*/s, "persistentvolumesource is immutable"],
  [
    /^Invalid value: "?-1"?: must be (greater than or equal to 0|a valid resource quantity)$/,
    "negative",
  ],
  [/pod updates may not change fields other than .*/s, "pod updates may not change"],
];

function comparable(cause: FieldError | JsonObject): string {
  let message = String(cause.message);
  for (const [pattern, replacement] of REWORDED) message = message.replace(pattern, replacement);
  // what the core group calls reportingComponent
  const at = cause.field === "reportingComponent" ? "reportingController" : cause.field;
  // probes of init containers were invalid, are forbidden
  if (/initContainers.*Probe$/.test(cause.field)) return cause.field;
  return `${at}: ${message} (${cause.reason})`;
}

Deno.test({
  name: "applyDefaults() fills in what a real API server fills in",
  ignore: !KUBECONFIG,
  fn: async (t) => {
    using server = new RealServer(KUBECONFIG!);
    for (const sparse of SPARSE_OBJECTS) {
      await t.step(sparse.gvk.kind, () => compareDefaults(server, sparse));
    }
  },
});

async function compareDefaults(server: RealServer, sparse: SparseObject): Promise<void> {
  const { gvk, path, object } = sparse;
  const item = `${path}/${object.metadata.name}`;
  await server.request("DELETE", `${item}?gracePeriodSeconds=0`);
  const real = await server.request("POST", path, { body: object });
  await server.request("DELETE", `${item}?gracePeriodSeconds=0`);
  deepStrictEqual(real.code, 201, real.body.message);
  const ours = applyDefaults(validate(object, gvk).pruned, gvk);
  deepStrictEqual(withoutNewer(ours), withoutGiven(real.body));
}

/** What the real one adds beside defaults: in admission, in storage. */
function withoutGiven(object: JsonObject): JsonObject {
  const { status: _, ...out } = withoutNulls(object);
  out.metadata = {
    name: out.metadata.name,
    namespace: out.metadata.namespace,
    ...out.metadata.labels && { labels: out.metadata.labels },
  };
  if (out.kind === "Service") {
    for (const key of ["clusterIP", "clusterIPs"]) delete out.spec[key];
  }
  if (out.kind === "Pod") {
    for (const key of ["serviceAccount", "serviceAccountName", "priority", "preemptionPolicy"]) {
      delete out.spec[key];
    }
  }
  if (out.kind === "ServiceAccount") delete out.secrets;
  return withoutTemplateMetadata(out);
}

/** What 1.20 does not know. */
function withoutNewer(object: JsonObject): JsonObject {
  const { status: _, ...out } = structuredClone(object);
  delete out.spec?.internalTrafficPolicy;
  delete out.spec?.persistentVolumeClaimRetentionPolicy;
  if (out.kind === "DaemonSet") delete out.spec.updateStrategy.rollingUpdate.maxSurge;
  return withoutTemplateMetadata(out);
}

/** 1.20 adds labels and annotations to some templates' metadata as it stores them. */
function withoutTemplateMetadata(object: JsonObject): JsonObject {
  if (object.kind === "DaemonSet") delete object.metadata.annotations;
  return object;
}
