/**
 * The same random writes go to a real API server and through our pure functions; each step starts
 * from the real object, and both must end with the same object, owners and conflicts.
 *
 * `TROUPE_TEST_KUBECONFIG=… deno test -A local/apiserver/patch/differential_test.ts`, with
 * `TROUPE_TEST_SEEDS=20` for more than the default.
 */

import { deepStrictEqual } from "node:assert/strict";
import { applyDefaults, type JsonObject, schemaFor } from "../schema/mod.ts";
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
import { withoutNulls } from "./json.ts";
import { comparable, ownsEmptied, withSchemaOf120 } from "./testdata/older_server.ts";
import { type Subject, SUBJECTS } from "./testdata/random_configs.ts";
import { randomStep, type Step } from "./testdata/random_steps.ts";
import { type Answer, Dice, KUBECONFIG_VARIABLE, RealServer } from "./testdata/real_server.ts";

const KUBECONFIG = Deno.env.get(KUBECONFIG_VARIABLE);
const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 3);
const STEPS = 25;

const MEDIA_TYPES = {
  apply: "application/apply-patch+yaml",
  force: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  reset: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  update: "application/json",
};

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
