import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { invalidMessage } from "./field_error.ts";
import { applyDefaults, type JsonObject, validate, validateObject } from "./mod.ts";
import { SPARSE_OBJECTS } from "./testdata/sparse_objects.ts";
import { WRONG_OBJECTS } from "./testdata/wrong_objects.ts";

/** What the real API server of 1.20 takes. */
const TAKEN = ["Pod with negative grace period", "RoleBinding with account without namespace"];

for (const { what, gvk, object, before } of WRONG_OBJECTS) {
  if (TAKEN.includes(what)) continue;
  Deno.test(`validateObject() refuses a ${what}`, () => {
    const whole = (o: JsonObject) => applyDefaults(validate(o, gvk).pruned, gvk);
    const errors = validateObject(whole(object), gvk, before ? { old: whole(before) } : {});
    ok(errors.length > 0);
    if (before) deepStrictEqual(validateObject(whole(before), gvk, { old: whole(before) }), []);
  });
}

for (const { gvk, object } of SPARSE_OBJECTS) {
  Deno.test(`validateObject() takes a ${gvk.kind} that is right`, () => {
    const whole = applyDefaults(object, gvk);
    deepStrictEqual(validateObject(whole, gvk), []);
    deepStrictEqual(validateObject(whole, gvk, { old: whole }), []);
    deepStrictEqual(validateObject(whole, gvk, { old: whole, subresource: "status" }), []);
  });
}

Deno.test("invalidMessage() tells what is wrong as the real API server does", () => {
  const gvk = { group: "apps", version: "v1", kind: "Deployment" };
  const { object } = WRONG_OBJECTS.find((w) => w.what === "Deployment with negative replicas")!;
  const errors = validateObject(applyDefaults(object, gvk), gvk);
  deepStrictEqual(errors, [{
    reason: "FieldValueInvalid",
    field: "spec.replicas",
    message: "Invalid value: -1: must be greater than or equal to 0",
  }]);
  strictEqual(
    invalidMessage(gvk, "wrong", errors),
    'Deployment.apps "wrong" is invalid: spec.replicas: Invalid value: -1: must be greater than ' +
      "or equal to 0",
  );
  strictEqual(
    invalidMessage({ ...gvk, group: "" }, "x", [...errors, { ...errors[0]!, field: "a" }]),
    'Deployment "x" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal ' +
      "to 0, a: Invalid value: -1: must be greater than or equal to 0]",
  );
});

const POD = { group: "", version: "v1", kind: "Pod" };

function pod(spec: JsonObject, container: JsonObject = {}): JsonObject {
  return applyDefaults({
    metadata: { name: "x" },
    spec: { containers: [{ name: "a", image: "1", ...container }], ...spec },
  }, POD);
}

const CHANGES: [string, JsonObject, JsonObject, boolean][] = [
  ["image", pod({}), pod({}, { image: "2", imagePullPolicy: "Always" }), true],
  ["command", pod({}), pod({}, { command: ["x"] }), false],
  ["node", pod({}), pod({ nodeName: "n" }), false],
  ["added toleration", pod({}), pod({ tolerations: [{ key: "a", operator: "Exists" }] }), true],
  ["removed toleration", pod({ tolerations: [{ key: "a", operator: "Exists" }] }), pod({}), false],
  [
    "toleration's seconds",
    pod({
      tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 1 }],
    }),
    pod({
      tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 9 }],
    }),
    true,
  ],
  ["new deadline", pod({}), pod({ activeDeadlineSeconds: 5 }), true],
  ["shorter deadline", pod({ activeDeadlineSeconds: 5 }), pod({ activeDeadlineSeconds: 3 }), true],
  ["longer deadline", pod({ activeDeadlineSeconds: 5 }), pod({ activeDeadlineSeconds: 9 }), false],
  ["removed deadline", pod({ activeDeadlineSeconds: 5 }), pod({}), false],
];

for (const [what, old, next, allowed] of CHANGES) {
  Deno.test(`validateObject() ${allowed ? "allows" : "forbids"} a change of a pod's ${what}`, () => {
    // a pull policy belongs to the image that it was made for
    if (what === "image") old.spec.containers[0].imagePullPolicy = "Always";
    strictEqual(validateObject(next, POD, { old }).length === 0, allowed);
  });
}
