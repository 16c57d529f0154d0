import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { GroupVersionKind, JsonObject } from "../schema/mod.ts";
import { STATUSES } from "./testdata/statuses.ts";
import { type Cell, type Table, toTable } from "./mod.ts";

const CREATED = "2026-01-01T00:00:00Z";
const NOW = new Date("2026-01-01T00:05:00Z");

function core(kind: string): GroupVersionKind {
  return { group: "", version: "v1", kind };
}

function cells(kind: string, object: JsonObject): Record<string, Cell> {
  const whole = {
    ...object,
    metadata: { name: "x", creationTimestamp: CREATED, ...object.metadata },
  };
  const { columnDefinitions, rows } = toTable(core(kind), [whole], { now: NOW });
  return Object.fromEntries(columnDefinitions.map((c, i) => [c.name, rows[0]!.cells[i]!]));
}

function names(table: Table, priority: number): string[] {
  return table.columnDefinitions.filter((c) => c.priority <= priority).map((c) => c.name);
}

Deno.test("toTable() has the columns of kubectl get", () => {
  const of = (kind: string) => toTable(core(kind), []);
  deepStrictEqual(names(of("Pod"), 0), ["Name", "Ready", "Status", "Restarts", "Age"]);
  deepStrictEqual(names(of("Pod"), 1).slice(5), [
    "IP",
    "Node",
    "Nominated Node",
    "Readiness Gates",
  ]);
  deepStrictEqual(names(of("Deployment"), 0), ["Name", "Ready", "Up-to-date", "Available", "Age"]);
  deepStrictEqual(names(of("Node"), 0), ["Name", "Status", "Roles", "Age", "Version"]);
  deepStrictEqual(names(of("Role"), 1), ["Name", "Created At"]);
  deepStrictEqual(of("Pod").columnDefinitions[0]!.format, "name");
});

Deno.test("toTable() includes the object as far as it is asked for", () => {
  const object = { kind: "Pod", metadata: { name: "x" }, spec: {} };
  const row = (includeObject?: "None" | "Metadata" | "Object") =>
    toTable(core("Pod"), [object], { includeObject }).rows[0]!.object;
  strictEqual(row("None"), undefined);
  strictEqual(row("Object"), object);
  deepStrictEqual(row(), {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: { name: "x" },
  });
});

/** What a pod's STATUS and RESTARTS are in each of the states. */
const POD_STATES = [
  "Pending",
  "Running",
  "Evicted",
  "Completed",
  "Error",
  "ExitCode:3",
  "Signal:9",
  "Running 2 (<past> ago)",
  "CrashLoopBackOff 5",
  "Running",
  "NotReady",
  "Init:0/1",
  "Init:0/1",
  "Init:ErrImagePull",
  "Init:Error 1",
  "Init:ExitCode:2",
  "ContainerCreating",
];

Deno.test("toTable() tells a pod's state by what is most worth knowing", () => {
  const spec = {
    containers: [{ name: "main" }, { name: "pinned" }],
    initContainers: [{ name: "init" }],
  };
  const states = STATUSES.Pod!.map((status) => {
    const { Status, Restarts } = cells("Pod", { spec, status });
    const restarts = String(Restarts).replace(/\(.* ago\)/, "(<past> ago)");
    return restarts === "0" ? Status : `${Status} ${restarts}`;
  });
  deepStrictEqual(states, POD_STATES);
});

Deno.test("toTable() shows a pod that is being deleted as Terminating, unless it is over", () => {
  const state = (status: JsonObject) =>
    cells("Pod", { metadata: { deletionTimestamp: CREATED }, spec: {}, status }).Status;
  strictEqual(state({ phase: "Running" }), "Terminating");
  strictEqual(state({ phase: "Running", reason: "NodeLost" }), "Unknown");
  strictEqual(state({ phase: "Succeeded" }), "Succeeded");
});

Deno.test("toTable() counts sidecars among a pod's containers", () => {
  const pod = {
    spec: { containers: [{ name: "a" }], initContainers: [{ name: "s", restartPolicy: "Always" }] },
    status: {
      phase: "Running",
      initContainerStatuses: [{
        name: "s",
        started: true,
        ready: true,
        restartCount: 1,
        state: { running: {} },
      }],
      containerStatuses: [{ name: "a", ready: true, restartCount: 0, state: { running: {} } }],
    },
  };
  deepStrictEqual(
    [cells("Pod", pod).Ready, cells("Pod", pod).Restarts, cells("Pod", pod).Status],
    ["2/2", "1", "Running"],
  );
});

Deno.test("toTable() says of a pod that is over that it is over", () => {
  const rows = toTable(core("Pod"), [{ status: { phase: "Succeeded" } }]).rows;
  strictEqual(rows[0]!.conditions![0]!.reason, "Succeeded");
});

Deno.test("toTable() shows nodes", () => {
  const node = cells("Node", {
    metadata: { labels: { "node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge" } },
    spec: { unschedulable: true },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      nodeInfo: { kubeletVersion: "v1" },
    },
  });
  strictEqual(node.Status, "Ready,SchedulingDisabled");
  strictEqual(node.Roles, "edge,worker");
  strictEqual(node["Internal-IP"], "127.0.0.1");
  strictEqual(node["External-IP"], "<none>");
  strictEqual(node["OS-Image"], "<unknown>");
  strictEqual(cells("Node", {}).Status, "Unknown");
});

Deno.test("toTable() shows services", () => {
  const service = (spec: JsonObject, status: JsonObject = {}) => cells("Service", { spec, status });
  deepStrictEqual(
    service({
      type: "NodePort",
      clusterIP: "10.0.0.1",
      ports: [{ port: 80, nodePort: 30080, protocol: "TCP" }, { port: 53, protocol: "UDP" }],
      selector: { b: "2", a: "1" },
    }),
    {
      Name: "x",
      Type: "NodePort",
      "Cluster-IP": "10.0.0.1",
      "External-IP": "<none>",
      "Port(s)": "80:30080/TCP,53/UDP",
      Age: "5m",
      Selector: "a=1,b=2",
    },
  );
  strictEqual(service({ type: "LoadBalancer" })["External-IP"], "<pending>");
  strictEqual(service({ type: "ExternalName", externalName: "e.com" })["External-IP"], "e.com");
  const given = { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } };
  strictEqual(service({ type: "LoadBalancer" }, given)["External-IP"], "1.2.3.4");
});

Deno.test("toTable() shows how endpoints go on", () => {
  const endpoints = [1, 2, 3, 4, 5].map((n) => ({ addresses: [`10.0.0.${n}`] }));
  const slice = cells("EndpointSlice", { addressType: "IPv4", endpoints, ports: [{ port: 80 }] });
  strictEqual(slice.Endpoints, "10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...");
  strictEqual(slice.Ports, "80");
  strictEqual(cells("EndpointSlice", {}).Ports, "<unset>");
});

Deno.test("toTable() shows events of both versions alike", () => {
  const at = "2026-01-01T00:04:00Z";
  const old = {
    involvedObject: { kind: "Pod", name: "p" },
    message: " hello ",
    reason: "Why",
    type: "Normal",
    firstTimestamp: CREATED,
    lastTimestamp: at,
    count: 3,
    source: { component: "kubelet", host: "n" },
  };
  const now = {
    regarding: { kind: "Pod", name: "p" },
    note: "hello",
    reason: "Why",
    type: "Normal",
    eventTime: CREATED,
    series: { count: 3, lastObservedTime: at },
    reportingController: "kubelet",
    reportingInstance: "n",
  };
  deepStrictEqual(cells("Event", old), cells("Event", now));
  const { "Last Seen": last, "First Seen": first, Object: object, Source: source } = cells(
    "Event",
    old,
  );
  deepStrictEqual([last, first, object, source], ["60s", "5m", "pod/p", "kubelet, n"]);
});

Deno.test("toTable() shows jobs", () => {
  const job = {
    spec: { completions: 3, parallelism: 1 },
    status: {
      succeeded: 3,
      startTime: CREATED,
      completionTime: "2026-01-01T00:02:30Z",
      conditions: [{ type: "Complete", status: "True" }],
    },
  };
  const { Status, Completions, Duration } = cells("Job", job);
  deepStrictEqual([Status, Completions, Duration], ["Complete", "3/3", "2m30s"]);
  strictEqual(cells("Job", { spec: { parallelism: 2 } }).Completions, "0/1 of 2");
});

Deno.test("toTable() never throws for an object that has nothing", () => {
  const kinds = "ClusterRole ClusterRoleBinding ConfigMap ControllerRevision CronJob DaemonSet " +
    "Deployment EndpointSlice Endpoints Event Job Lease Namespace Node Pod PodDisruptionBudget " +
    "PodTemplate ReplicaSet Role RoleBinding Secret Service ServiceAccount StatefulSet Unknown";
  for (const kind of kinds.split(" ")) toTable(core(kind), [{}]);
});
