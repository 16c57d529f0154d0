/**
 * The same random writes go to a real API server and through our pure functions; each step starts
 * from the real object, and both must end with the same object, owners and conflicts.
 *
 * `TROUPE_TEST_KUBECONFIG=… deno test -A local/apiserver/patch/differential_test.ts`, with
 * `TROUPE_TEST_SEEDS=20` for more than the default.
 */

import { deepStrictEqual } from "node:assert/strict";
import { applyDefaults, type JsonObject, schemaFor } from "../schema/mod.ts";
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
import { isObject, withoutNulls } from "./json.ts";
import { type Subject, SUBJECTS } from "./testdata/random_configs.ts";
import { type Answer, Dice, KUBECONFIG_VARIABLE, RealServer } from "./testdata/real_server.ts";

const KUBECONFIG = Deno.env.get(KUBECONFIG_VARIABLE);
const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 3);
const STEPS = 25;

/** One write. */
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

/** Fields that became atomic after 1.20. */
const GRANULAR_IN_1_20: [string, string][] = [
  ["io.k8s.api.core.v1.ServiceSpec", "selector"],
  ["io.k8s.api.core.v1.PodSpec", "nodeSelector"],
];

/** Sees the schema as the older server does. */
function withSchemaOf120(): Disposable {
  const schemas = GRANULAR_IN_1_20.map(([name, field]) => schemaNamed(name)!.fields![field]!);
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
    return { manager, type, body: subject.config(dice, name, true) };
  }
  const config = subject.config(dice, name, false);
  const type = dice.pick<Step["type"]>(
    ["apply", "apply", "apply", "force", "force", "update", "merge", "json", "strategic", "reset"],
  );
  switch (type) {
    case "reset":
      return dice.oneIn(3)
        ? { manager, type, body: { metadata: { managedFields: [{}] } } }
        : { manager, type: "apply", body: subject.config(dice, name, true) };
    case "update":
      return { manager, type, body: mergePatch(live, withHoles(dice, config)) };
    case "json":
      return { manager, type, body: randomJsonPatch(dice, live, config) };
    case "merge":
      return { manager, type, body: withHoles(dice, config) };
    case "strategic":
      return { manager, type, body: withDirectives(dice, withHoles(dice, config)) };
    default:
      return { manager, type, body: config };
  }
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

function withDirectives(dice: Dice, config: JsonObject): JsonObject {
  const spec = config.spec?.template?.spec;
  for (const container of spec?.containers ?? []) {
    if (container.env && dice.oneIn(2)) {
      const env = container.env as JsonObject[];
      if (dice.oneIn(2)) {
        container["$setElementOrder/env"] = dice.some(["A", "B", "C"]).concat(
          env.map((e) => e.name),
        ).filter((n, i, all) => all.indexOf(n) === i).map((name) => ({ name }));
      } else env.push({ name: dice.pick(["D", "E"]), value: "1" });
      if (dice.oneIn(3)) env[0] = { name: env[0]!.name, $patch: "delete" };
    }
    if (container.ports && dice.oneIn(4)) container.ports.unshift({ $patch: "replace" });
  }
  if (config.spec?.strategy && dice.oneIn(2)) {
    config.spec.strategy.$retainKeys = Object.keys(config.spec.strategy);
  }
  if (config.metadata.finalizers && dice.oneIn(2)) {
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
  const resourceVersion = live?.metadata.resourceVersion;
  if (resourceVersion === undefined) return step.body;
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
  const ours = simulate(subject, step, live);
  // what the real one finds invalid is not the matter here
  if (real.code === 422 && real.body.reason === "Invalid" && ours.code < 300) return;
  const context = `${label}: ${step.type} by ${step.manager}\n${JSON.stringify(step.body)}\n` +
    `live: ${JSON.stringify(live)}\nreal: ${JSON.stringify(real.body)}`;
  const [a, b] = [comparable(ours), comparable(real)];
  try {
    deepStrictEqual(a, b);
  } catch (error) {
    throw new Error(context, { cause: error });
  }
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
  if (type === "json") return jsonPatch(live!, body);
  if (type === "strategic") return strategicMergePatch(live!, body as JsonObject, schemaFor(gvk)!);
  if (type === "update") return body as JsonObject;
  return mergePatch(live!, body as JsonObject);
}

/** Without what the server gives, what newer versions have, and times. */
function comparable({ code, body }: Answer): unknown {
  if (code >= 300) {
    const times = (text: string) => text.replace(/ at \d{4}-\S+Z/g, "");
    return {
      code,
      ...(code === 409
        ? {
          // several managers come in any order
          message: times(body.message).split("\n").sort(),
          causes: body.details?.causes?.map((c: JsonObject) =>
            times(`${c.field} ${c.message} ${c.reason}`)
          ).sort(),
        }
        : {}),
    };
  }
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
    // not there in 1.20
    if (out.kind === "Service") delete entry.fieldsV1["f:spec"]?.["f:internalTrafficPolicy"];
  }
  // the real one has times of different writes; ours writes all within one second
  out.metadata.managedFields?.sort((a: JsonObject, b: JsonObject) =>
    `${a.operation} ${a.manager}` < `${b.operation} ${b.manager}` ? -1 : 1
  );
  return withoutEmpties({ code, ...out });
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
