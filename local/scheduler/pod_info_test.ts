import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { pod } from "../objects/testdata/builders.ts";
import { podInfo, requestsOf } from "./pod_info.ts";

function container(cpu: string, more: object = {}) {
  return { name: "c", resources: { requests: { cpu } }, ...more };
}

Deno.test("requestsOf() adds containers and overhead", () => {
  const spec = { containers: [container("0.1"), container("250m")], overhead: { cpu: "10m" } };
  deepStrictEqual(requestsOf(spec), { cpu: 360 });
});

Deno.test("requestsOf() takes the most demanding moment of the start", () => {
  const sidecar = container("100m", { restartPolicy: "Always" });
  const containers = [container("200m")];
  deepStrictEqual(requestsOf({ containers, initContainers: [container("1")] }), { cpu: 1000 });
  deepStrictEqual(requestsOf({ containers, initContainers: [sidecar] }), { cpu: 300 });
  deepStrictEqual(
    requestsOf({ containers, initContainers: [sidecar, container("1")] }),
    { cpu: 1100 },
  );
  deepStrictEqual(
    requestsOf({ containers, initContainers: [container("1"), sidecar] }),
    { cpu: 1000 },
  );
});

Deno.test("requestsOf() takes a limit for the request that is not given", () => {
  const resources = { requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Ki" } };
  deepStrictEqual(requestsOf({ containers: [{ name: "c", resources }] }), {
    cpu: 1000,
    memory: 1024,
  });
});

Deno.test("podInfo() gives the same signature to pods that the same nodes suit", () => {
  const a = podInfo(pod("a", { cpu: "1", spec: { nodeSelector: { zone: "1" } } }));
  const b = podInfo(pod("b", { cpu: "2", spec: { nodeSelector: { zone: "1" } } }));
  const c = podInfo(pod("c", { spec: { nodeSelector: { zone: "2" } } }));
  strictEqual(a.signature, b.signature);
  notStrictEqual(a.signature, c.signature);
});
