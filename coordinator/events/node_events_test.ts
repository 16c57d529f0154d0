import { deepStrictEqual, ok } from "node:assert/strict";
import { toNode } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONObject } from "@cloudydeno/kubernetes-client";
import type { NodeEvent, NodeState } from "./events.ts";
import { nodeEventSchema } from "./node_event_schema.ts";
import { nodeEvents } from "./node_events.ts";
import { nodeState } from "./node_state.ts";

function node(
  { ready = "True", pressure, spec = {}, labels = {} }: {
    ready?: string;
    pressure?: string;
    spec?: JSONObject;
    labels?: JSONObject;
  },
): NodeState {
  const conditions: JSONObject[] = [{ type: "Ready", status: ready, reason: "KubeletReady" }];
  if (pressure) conditions.push({ type: pressure, status: "True" });
  return nodeState(toNode({
    metadata: { name: "n1", uid: "u", labels },
    spec,
    status: { conditions },
  }));
}

function types(events: NodeEvent[]): string[] {
  for (const event of events) nodeEventSchema.parse(event);
  return events.map(({ type }) => type);
}

const UNREACHABLE = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };
const READY = node({});
const CORDONED = node({ spec: { unschedulable: true } });
const LOST = node({ ready: "Unknown", spec: { taints: [UNREACHABLE] } });
const PRESSED = node({ pressure: "DiskPressure" });

const CHANGES: readonly [
  what: string,
  before: NodeState | undefined,
  after: NodeState,
  string[],
][] = [
  ["that a node has come", undefined, READY, ["ready"]],
  ["that a node has come that is lost", undefined, LOST, ["lost"]],
  ["that it is cordoned", READY, CORDONED, ["cordoned"]],
  ["that it is no longer cordoned", CORDONED, READY, ["uncordoned"]],
  ["that it is lost", READY, LOST, ["lost"]],
  ["that it is lost, by its taint alone", READY, node({ spec: { taints: [UNREACHABLE] } }), [
    "lost",
  ]],
  ["that it is lost, by its condition alone", READY, node({ ready: "False" }), ["lost"]],
  ["that it is back", LOST, READY, ["ready"]],
  ["that it is short of disk", READY, PRESSED, ["pressured"]],
  ["that it is short of nothing any more", PRESSED, READY, ["ready"]],
  ["all that changed", CORDONED, node({ ready: "False", pressure: "PIDPressure" }), [
    "uncordoned",
    "pressured",
    "lost",
  ]],
  [
    "a new label by what the node is",
    CORDONED,
    node({
      spec: { unschedulable: true },
      labels: { zone: "a" },
    }),
    ["cordoned"],
  ],
  ["nothing when nothing changed", READY, node({}), []],
];

for (const [what, before, after, told] of CHANGES) {
  Deno.test(`nodeEvents() tells ${what}`, () => {
    deepStrictEqual(types(nodeEvents(before, after)), told);
  });
}

Deno.test("nodeEvents() says what a node is short of, and why it is lost", () => {
  const short = node({ pressure: "MemoryPressure" });
  deepStrictEqual(short.pressures, ["memory"]);
  deepStrictEqual([LOST.reason, READY.reason], ["KubeletReady", undefined]);
  deepStrictEqual(node({ spec: { taints: [UNREACHABLE] } }).reason, "unreachable");
});

Deno.test("nodeEvents() replays what matters most, and tells that a node is gone", () => {
  const [event] = nodeEvents(CORDONED, CORDONED, { replayed: true });
  ok(event?.replayed);
  deepStrictEqual(event.type, "cordoned");
  const gone = nodeState(READY.source, { deleted: true });
  deepStrictEqual(types(nodeEvents(READY, gone, { deleted: true })), ["gone"]);
});
