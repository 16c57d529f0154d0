import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ApiError, PODS, type RequestRecord } from "../../kube/mod.ts";
import { errorText } from "./error_text.ts";
import { FlightRecorder } from "./flight_recorder.ts";
import { recordChanges } from "./record_changes.ts";
import { recordWrites } from "./record_writes.ts";

const CONFLICT = new ApiError("Cannot patch: hunter2", {
  httpCode: 409,
  reason: "Conflict",
  verb: "patch",
  resource: "deployments",
});

function request(record: Partial<RequestRecord>): RequestRecord {
  return { verb: "patch", resource: "deployments", path: "/x", code: 200, ms: 1.23456, ...record };
}

Deno.test("recordWrites() records writes, by whom they were caused, and no reads", () => {
  const recorder = new FlightRecorder();
  const record = recordWrites(recorder);
  recorder.within(recorder.record({ kind: "decision", decision: "scale" }), () => {
    record(request({ namespace: "team", name: "web" }));
    for (const verb of ["get", "list", "watch"]) record(request({ verb }));
    record(request({ verb: "delete", code: undefined, error: new TypeError("hunter2") }));
  });
  const [, patch, remove, ...rest] = [...recorder];
  deepStrictEqual({ ...patch, time: "", monotonicMs: 0 }, {
    id: 2,
    time: "",
    monotonicMs: 0,
    cause: 1,
    kind: "write",
    verb: "patch",
    resource: "deployments",
    namespace: "team",
    name: "web",
    code: 200,
    ms: 1.235,
  });
  strictEqual(remove?.kind === "write" && remove.error, "TypeError");
  deepStrictEqual(rest, []);
});

Deno.test("recordWrites() leaves out a Lease's renewals unless they fail", () => {
  const recorder = new FlightRecorder();
  const record = recordWrites(recorder);
  record(request({ verb: "update", resource: "leases" }));
  record(request({ verb: "create", resource: "leases", code: 201 }));
  record(request({ verb: "update", resource: "leases", code: 409, error: CONFLICT }));
  deepStrictEqual([...recorder].map((entry) => entry.kind === "write" && entry.code), [201, 409]);
});

Deno.test("recordChanges() records a change by names, and the object remembers it", () => {
  const recorder = new FlightRecorder();
  const metadata = { name: "a", namespace: "team", uid: "u", resourceVersion: "7" };
  const object = { metadata, spec: { containers: [] } };
  recordChanges(recorder, PODS)({ type: "added", object, replayed: true });
  const { id, time: _, monotonicMs: __, ...data } = recorder.get(recorder.idOf(object)!)!;
  strictEqual(id, 1);
  deepStrictEqual(data, {
    kind: "change",
    object: { kind: "Pod", namespace: "team", name: "a" },
    type: "added",
    resourceVersion: "7",
    uid: "u",
    replayed: true,
  });
});

Deno.test("errorText() tells class, code and reason, never the message", () => {
  strictEqual(errorText(CONFLICT), "ApiError 409 Conflict");
  strictEqual(errorText(new RangeError("hunter2")), "RangeError");
  strictEqual(errorText(new DOMException("hunter2", "AbortError")), "AbortError");
  strictEqual(errorText("hunter2"), "string");
});
