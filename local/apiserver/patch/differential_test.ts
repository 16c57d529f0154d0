/**
 * The same random writes go to a real API server and through our pure functions; each step starts
 * from the real object, and both must end with the same object, owners and conflicts.
 *
 * `TROUPE_TEST_KUBECONFIG=… deno test -A local/apiserver/patch/differential_test.ts`, with
 * `TROUPE_TEST_SEEDS=20` for more than the default.
 */

import { deepStrictEqual } from "node:assert/strict";
import { applyDefaults, type JsonObject, type Schema, schemaFor } from "../schema/mod.ts";
import { FieldSet } from "./field_set.ts";
import { schemaNamed } from "../schema/schema.ts";
import {
  conflictCauses,
  conflictMessage,
  jsonPatch,
  mergePatch,
  PatchError,
  serverSideApply,
  strategicMergePatch,
  trackUpdate,
} from "./mod.ts";
import { isObject } from "../schema/json_object.ts";
import { withoutNulls } from "./json.ts";
import { type Subject, SUBJECTS } from "./testdata/random_configs.ts";
import { type Answer, Dice, KUBECONFIG_VARIABLE, RealServer } from "./testdata/real_server.ts";

const KUBECONFIG = Deno.env.get(KUBECONFIG_VARIABLE);
const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 3);
const STEPS = 25;

/** One write. An `update` sends the live object, changed by the merge patch in `body`. */
interface Step {
  manager: string;
  type: "apply" | "force" | "update" | "merge" | "json" | "strategic" | "reset";
  body: JsonObject | JsonObject[];
}

const MEDIA_TYPES = {
  apply: "application/apply-patch+yaml",
  force: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  reset: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  update: "application/json",
};

/** What became atomic after 1.20: definitions, and fields of them. */
const GRANULAR_IN_1_20: [string, string?][] = [
  ["io.k8s.api.core.v1.ObjectFieldSelector"],
  ["io.k8s.api.core.v1.PodSpec", "nodeSelector"],
  ["io.k8s.api.core.v1.ServiceSpec", "selector"],
];

/** Sees the schema as the older server does. */
function withSchemaOf120(): Disposable {
  const schemas = GRANULAR_IN_1_20.map(([name, field]) => {
    const schema = schemaNamed(name)!;
    return field ? schema.fields![field]! : schema;
  });
  for (const schema of schemas) schema.atomic = false;
  return {
    [Symbol.dispose]() {
      for (const schema of schemas) schema.atomic = true;
    },
  };
}

for (const subject of SUBJECTS) {
  Deno.test({
    name:
      `serverSideApply() and the patches do as a real API server when writing a ${subject.gvk.kind}`,
    ignore: !KUBECONFIG,
    fn: async () => {
      using server = new RealServer(KUBECONFIG!);
      using _ = withSchemaOf120();
      for (let seed = 1; seed <= SEEDS; seed++) await compareSequence(server, subject, seed);
    },
  });
}

async function compareSequence(server: RealServer, subject: Subject, seed: number): Promise<void> {
  const dice = new Dice(seed);
  const name = `differential-${seed}`;
  const path = `${subject.path}/${name}`;
  await remove(server, path);
  let live: JsonObject | undefined;
  for (let i = 0; i < STEPS; i++) {
    if (live && ownsEmptied(live, schemaFor(subject.gvk)!)) live = await forgetOwners(server, path);
    const step = randomStep(dice, subject, name, live);
    for (let tries = 0;; tries++) {
      const real = await send(server, path, step, live);
      if (real.code === 409 && /object has been modified/.test(real.body.message) && tries < 20) {
        // a controller was faster: again, from what it made
        live = (await server.request("GET", path)).body;
        continue;
      }
      compareStep({ subject, step, live, real, label: `seed ${seed}, step ${i}` });
      if (real.code < 300) live = real.body;
      break;
    }
  }
  await remove(server, path);
}

async function forgetOwners(server: RealServer, path: string): Promise<JsonObject> {
  const { body } = await server.request("PATCH", path, {
    body: { metadata: { managedFields: [{}] } },
    type: MEDIA_TYPES.merge,
  });
  return body;
}

async function remove(server: RealServer, path: string): Promise<void> {
  await server.request("PATCH", path, {
    body: { metadata: { finalizers: null } },
    type: MEDIA_TYPES.merge,
  });
  await server.request("DELETE", path);
}

function randomStep(
  dice: Dice,
  subject: Subject,
  name: string,
  live: JsonObject | undefined,
): Step {
  const manager = dice.pick(["alice", "bob", "carol"]);
  if (!live) {
    const type = dice.oneIn(2) ? "apply" : "update";
    return { manager, type, body: configOf(subject, dice, name, true) };
  }
  const config = configOf(subject, dice, name);
  const type = dice.pick<Step["type"]>(
    ["apply", "apply", "apply", "force", "force", "update", "merge", "json", "strategic", "reset"],
  );
  switch (type) {
    case "reset":
      return dice.oneIn(3)
        ? { manager, type, body: { metadata: { managedFields: [{}] } } }
        : { manager, type: "apply", body: configOf(subject, dice, name, true) };
    case "update":
      return { manager, type, body: withHoles(dice, config) };
    case "json":
      return { manager, type, body: randomJsonPatch(dice, live, config) };
    case "merge":
      return { manager, type, body: withHoles(dice, config) };
    case "strategic":
      return { manager, type, body: withDirectives(dice, withHoles(dice, config), live) };
    default:
      return { manager, type, body: config };
  }
}

/** 1.20 does not let an applier own an empty object: there is none in what is applied. */
function configOf(subject: Subject, dice: Dice, name: string, whole = false): JsonObject {
  return withoutEmpties(subject.config(dice, name, whole)) as JsonObject;
}

/** Sets some optional fields to null: a merge patch removes them. */
function withHoles(dice: Dice, config: JsonObject): JsonObject {
  const out = structuredClone(config);
  if (dice.oneIn(4)) {
    out.metadata.labels = { ...out.metadata.labels, [dice.pick(["a", "b", "c"])]: null };
  }
  if (dice.oneIn(6)) out.metadata.annotations = null;
  if (out.spec && dice.oneIn(6)) {
    out.spec[dice.pick(["replicas", "minReadySeconds", "sessionAffinity"])] = null;
  }
  if (out.data && dice.oneIn(3)) out.data[dice.pick(["k1", "k2"])] = null;
  return out;
}

function withDirectives(dice: Dice, config: JsonObject, live: JsonObject): JsonObject {
  // 1.20 keeps a null, and the items of a deletion, where there was no map or list before
  const { labels } = config.metadata;
  if (labels && !live.metadata.labels) config.metadata.labels = withoutNulls(labels);
  if (config.data && !live.data) config.data = withoutNulls(config.data);
  const spec = config.spec?.template?.spec;
  for (const container of spec?.containers ?? []) {
    const present = live.spec.template.spec.containers.find((c: JsonObject) =>
      c.name === container.name
    );
    if (container.env && dice.oneIn(2)) {
      const env = container.env as JsonObject[];
      if (dice.oneIn(2)) {
        container["$setElementOrder/env"] = dice.some(["A", "B", "C"]).concat(
          env.map((e) => e.name),
        ).filter((n, i, all) => all.indexOf(n) === i).map((name) => ({ name }));
      } else env.push({ name: dice.pick(["D", "E"]), value: "1" });
      if (present?.env && dice.oneIn(3)) env[0] = { name: env[0]!.name, $patch: "delete" };
    }
    if (container.ports && present?.ports && dice.oneIn(4)) {
      container.ports.unshift({ $patch: "replace" });
    }
  }
  if (config.spec?.strategy && dice.oneIn(2)) {
    config.spec.strategy.$retainKeys = Object.keys(config.spec.strategy);
  }
  if (config.metadata.finalizers && live.metadata.finalizers && dice.oneIn(2)) {
    config.metadata["$deleteFromPrimitiveList/finalizers"] = ["example.com/one"];
    delete config.metadata.finalizers;
  }
  return config;
}

function randomJsonPatch(dice: Dice, live: JsonObject, config: JsonObject): JsonObject[] {
  const out: JsonObject[] = [];
  for (const part of ["data", "spec"]) {
    for (const key of Object.keys(config[part] ?? {})) {
      if (key === "template" || key === "selector") continue;
      const op = live[part]?.[key] === undefined
        ? "add"
        : dice.pick(["add", "replace", "test", "remove"]);
      if (live[part] === undefined) out.push({ op: "add", path: `/${part}`, value: {} });
      if (op === "remove" && key === "ports") continue;
      const value = op === "test" ? live[part][key] : config[part][key];
      out.push({ op, path: `/${part}/${key}`, ...(op === "remove" ? {} : { value }) });
      if (live[part] === undefined) break;
    }
  }
  if (dice.oneIn(4)) out.push({ op: "test", path: "/metadata/name", value: "nobody" });
  if (dice.oneIn(6)) out.push({ op: "remove", path: "/spec/nothing" });
  if (live.metadata.labels) {
    out.push({ op: "add", path: "/metadata/labels/x~1y", value: dice.pick(["1", "2"]) });
  }
  return out;
}

/** Sends a step, on the condition that the object is still `live`. */
function send(
  server: RealServer,
  path: string,
  step: Step,
  live: JsonObject | undefined,
): Promise<Answer> {
  const query = `?fieldManager=${step.manager}` + (step.type === "force" ? "&force=true" : "");
  if (!live && step.type === "update") {
    return server.request("POST", path.slice(0, path.lastIndexOf("/")) + query, {
      body: step.body,
    });
  }
  return server.request(step.type === "update" ? "PUT" : "PATCH", path + query, {
    body: conditional(step, live),
    type: MEDIA_TYPES[step.type],
  });
}

function conditional(step: Step, live: JsonObject | undefined): unknown {
  if (!live) return step.body;
  const { resourceVersion } = live.metadata;
  if (step.type === "update") return mergePatch(live, step.body as JsonObject);
  if (Array.isArray(step.body)) {
    return [
      { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
      ...step.body,
    ];
  }
  return { ...step.body, metadata: { ...step.body.metadata, resourceVersion } };
}

interface Comparable {
  subject: Subject;
  step: Step;
  live: JsonObject | undefined;
  real: Answer;
  label: string;
}

function compareStep({ subject, step, live, real, label }: Comparable): void {
  // 1.20 writes creationTimestamp: null into templates; newer ones do not
  const ours = simulate(subject, step, live && withoutNulls(live));
  // what the real one finds invalid is not the matter here
  if (real.code === 422 && real.body.reason === "Invalid" && ours.code < 300) return;
  const context = `${label}: ${step.type} by ${step.manager}\n${JSON.stringify(step.body)}\n` +
    `live: ${JSON.stringify(live)}\nreal: ${JSON.stringify(real.body)}`;
  const applied = step.type === "apply" || step.type === "force";
  const [a, b] = [comparable(ours, applied), comparable(real, applied)];
  try {
    deepStrictEqual(a, b);
  } catch (error) {
    throw new Error(context, { cause: error });
  }
}

/**
 * Whether a manager owns a list or map that has lost all that was in it: 1.20 takes that for a
 * field that was atomic once, and gives the manager whatever comes into it. Newer ones do not.
 */
function ownsEmptied(live: JsonObject, schema: Schema): boolean {
  const emptied = (set: FieldSet, at: Schema | undefined): boolean => {
    for (const element of new Set([...set.members, ...set.children.keys()])) {
      const name = element.slice(2);
      const child = at?.type === "list"
        ? at.items
        : at?.type === "map"
        ? at.values
        : at?.fields?.[name];
      const below = set.below(element);
      const grows = child && ["list", "map", "object"].includes(child.type) &&
        !child.atomic && child.listType !== "atomic";
      if (grows && below.isEmpty || emptied(below, child)) return true;
    }
    return false;
  };
  return (live.metadata.managedFields ?? []).some((entry: JsonObject) =>
    emptied(FieldSet.fromFields(entry.fieldsV1), schema)
  );
}

function simulate({ gvk }: Subject, step: Step, live: JsonObject | undefined): Answer {
  const now = new Date("2026-01-02T03:04:05Z");
  const { manager, body } = step;
  try {
    if (step.type === "apply" || step.type === "force") {
      const result = serverSideApply({
        live,
        applied: conditional(step, live) as JsonObject,
        manager,
        force: step.type === "force",
        gvk,
        now,
      });
      if (result.conflicts) {
        return {
          code: 409,
          body: {
            message: conflictMessage(result.conflicts),
            details: { causes: conflictCauses(result.conflicts) },
          },
        };
      }
      return { code: live ? 200 : 201, body: applyDefaults(result.object, gvk) };
    }
    const after = applyDefaults(patched(gvk, step, live), gvk);
    if (gvk.kind === "Service") delete after.spec.internalTrafficPolicy; // not there in 1.20
    return {
      code: live ? 200 : 201,
      body: trackUpdate({ before: live, after, manager, gvk, now }),
    };
  } catch (error) {
    if (error instanceof PatchError) return { code: error.code, body: { message: error.message } };
    throw new Error(`${manager}: ${JSON.stringify(body)}`, { cause: error });
  }
}

function patched(
  gvk: Subject["gvk"],
  { type, body }: Step,
  live: JsonObject | undefined,
): JsonObject {
  if (!live) return body as JsonObject;
  if (type === "json") return jsonPatch(live, body);
  if (type === "strategic") return strategicMergePatch(live, body as JsonObject, schemaFor(gvk)!);
  return mergePatch(live, body as JsonObject);
}

/** Without what the server gives, what newer versions have, and times. */
function comparable({ code, body }: Answer, applied: boolean): unknown {
  if (code === 409) {
    const causes: JsonObject[] = body.details?.causes ?? [];
    const times = (text: string) => text.replace(/ at \d{4}-\S+Z/g, "");
    return {
      code,
      managers: causes.map((cause) => times(`${cause.reason} ${cause.message}`)).sort(),
      // 1.20 garbles the paths of several conflicts: it writes them all into one buffer
      ...(causes.length === 1 ? { message: times(body.message), causes: causes[0]!.field } : {}),
    };
  }
  if (code >= 300) return { code };
  const out = withoutNulls(structuredClone(body));
  for (
    const key of [
      "uid",
      "resourceVersion",
      "creationTimestamp",
      "generation",
      "selfLink",
      "namespace",
    ]
  ) {
    delete out.metadata[key];
  }
  delete out.status;
  for (
    const key of [
      "clusterIP",
      "clusterIPs",
      "internalTrafficPolicy",
      "ipFamilies",
      "ipFamilyPolicy",
    ]
  ) {
    if (out.kind === "Service") delete out.spec[key];
  }
  for (const entry of out.metadata.managedFields ?? []) {
    delete entry.time;
    // newer ones track status only where it is written: in the subresource
    delete entry.fieldsV1["f:status"];
  }
  // the real one has times of different writes; ours writes all within one second
  out.metadata.managedFields?.sort((a: JsonObject, b: JsonObject) =>
    `${a.operation} ${a.manager}` < `${b.operation} ${b.manager}` ? -1 : 1
  );
  if (applied) sortKeyedLists(out);
  return withoutEmpties({ code, ...out });
}

/** What tells an item from others in its list. */
function identity(item: JsonObject): string {
  return JSON.stringify([
    item.name,
    item.containerPort,
    item.protocol,
    item.port,
    item.ip,
    item.mountPath,
  ]);
}

/** 1.20 puts applied items behind those that are there; newer ones keep the applied order. */
function sortKeyedLists(value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach(sortKeyedLists);
    if (value.every(isObject)) value.sort((a, b) => identity(a) < identity(b) ? -1 : 1);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key === "finalizers") item.sort();
      sortKeyedLists(item);
    }
  }
}

/** Empty maps and lists of optional fields come and go between versions. */
function withoutEmpties(value: unknown, inFields = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutEmpties(item, inFields));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const kept = withoutEmpties(item, inFields || key === "fieldsV1");
    const isEmpty = Array.isArray(kept)
      ? kept.length === 0
      : isObject(kept) && Object.keys(kept).length === 0;
    if (!isEmpty || inFields || key === "fieldsV1") out[key] = kept;
  }
  return out;
}
