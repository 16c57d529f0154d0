import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ControllerRevision, Pod, StatefulSet } from "../objects/mod.ts";
import { meta, NOW, pod, type PodTraits, template } from "../objects/testdata/builders.ts";
import { planStatefulPods, type StatefulSetView } from "./plan_stateful_set.ts";
import { planStatefulStatus } from "./stateful_status.ts";

function revision(name: string, number: number): ControllerRevision {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: meta(name),
    data: { spec: { template: template() } },
    revision: number,
  };
}

const OLD = revision("web-old", 1);
const NEW = revision("web-new", 2);

function statefulSet(
  spec: Partial<StatefulSet["spec"]> = {},
  status?: StatefulSet["status"],
): StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: meta("web"),
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: template(),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      ...spec,
    },
    status,
  };
}

/** A ready pod of the newest revision unless it is told otherwise. */
function member(ordinal: number, traits: PodTraits & { revision?: ControllerRevision } = {}): Pod {
  const { revision = NEW, ...rest } = traits;
  const labels = { app: "web", "controller-revision-hash": revision.metadata.name };
  return pod(`web-${ordinal}`, { node: "a", readyFor: 60, labels, ...rest });
}

function view(set: StatefulSet, pods: Pod[], more: Partial<StatefulSetView> = {}): StatefulSetView {
  return { set, pods, current: OLD, update: NEW, findClaim: () => undefined, now: NOW, ...more };
}

function planned(set: StatefulSet, pods: Pod[], more: Partial<StatefulSetView> = {}): string[] {
  return planStatefulPods(view(set, pods, more)).map((action) =>
    action.do === "create"
      ? `+${action.ordinal} ${action.revision.metadata.name}`
      : `-${action.pod.metadata.name.slice("web-".length)}${action.ended ? " ended" : ""}`
  );
}

const PARALLEL = { podManagementPolicy: "Parallel" };
const unready = { readyFor: undefined };

const CASES: [what: string, set: StatefulSet, pods: Pod[], actions: string[]][] = [
  ["makes the first pod first", statefulSet(), [], ["+0 web-new"]],
  ["waits for the first pod to be ready", statefulSet(), [member(0, unready)], []],
  ["goes on when it is", statefulSet(), [member(0)], ["+1 web-new"]],
  ["waits for minReadySeconds", statefulSet({ minReadySeconds: 90 }), [member(0)], []],
  ["makes all at once in parallel", statefulSet(PARALLEL), [], [
    "+0 web-new",
    "+1 web-new",
    "+2 web-new",
  ]],
  ["counts from the first ordinal", statefulSet({ ordinals: { start: 5 } }), [], ["+5 web-new"]],
  ["fills a gap before it goes on", statefulSet(), [member(0), member(2)], ["+1 web-new"]],
  ["does not replace a pod before it is gone", statefulSet(), [
    member(0),
    member(1, { deleting: true }),
    member(2),
  ], []],
  ["does not replace a pod of a lost node", statefulSet(), [
    member(0),
    member(1, { ...unready, node: "lost" }),
    member(2),
  ], []],
  ["replaces a pod that has ended", statefulSet(), [member(0, { phase: "Failed" })], ["-0 ended"]],
  ["removes the highest ordinal first", statefulSet({ replicas: 1 }), [
    member(0),
    member(1),
    member(2),
  ], ["-2"]],
  ["waits for its end", statefulSet({ replicas: 1 }), [
    member(0),
    member(1),
    member(2, { deleting: true }),
  ], []],
  ["removes no more while a lower one is not ready", statefulSet({ replicas: 1 }), [
    member(0),
    member(1, unready),
    member(2, unready),
  ], []],
  ["removes the only one that is not ready", statefulSet({ replicas: 1 }), [
    member(0),
    member(1, unready),
  ], ["-1"]],
  ["removes all at once in parallel", statefulSet({ ...PARALLEL, replicas: 1 }), [
    member(0),
    member(1),
    member(2),
  ], ["-2", "-1"]],
  ["updates from the top", statefulSet(), [
    member(0, { revision: OLD }),
    member(1, { revision: OLD }),
    member(2, { revision: OLD }),
  ], ["-2"]],
  ["updates the next one when the last is ready", statefulSet(), [
    member(0, { revision: OLD }),
    member(1, { revision: OLD }),
    member(2),
  ], ["-1"]],
  ["updates one at a time also in parallel", statefulSet(PARALLEL), [
    member(0, { revision: OLD }),
    member(1, { revision: OLD }),
    member(2, unready),
  ], []],
  [
    "leaves what is below the partition",
    statefulSet({
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    }),
    [member(0, { revision: OLD }), member(1, { revision: OLD }), member(2)],
    [],
  ],
  [
    "makes what is below the partition in its old form",
    statefulSet({
      ...PARALLEL,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    }),
    [],
    ["+0 web-old", "+1 web-old", "+2 web-new"],
  ],
  ["leaves all with OnDelete", statefulSet({ updateStrategy: { type: "OnDelete" } }), [
    member(0, { revision: OLD }),
    member(1, { revision: OLD }),
    member(2, { revision: OLD }),
  ], []],
];

for (const [what, set, pods, actions] of CASES) {
  Deno.test(`planStatefulPods() ${what}`, () => deepStrictEqual(planned(set, pods), actions));
}

Deno.test("planStatefulPods() does nothing when the set is being deleted", () => {
  const set = statefulSet();
  const metadata = { ...set.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  deepStrictEqual(planned({ ...set, metadata }, []), []);
});

Deno.test("planStatefulPods() waits when a claim of the pod before is on its way out", () => {
  const set = statefulSet({
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }],
  });
  const findClaim = (name: string) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: meta(name, {
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "web-0", uid: "before" }],
    }),
    spec: {},
  });
  deepStrictEqual(planned(set, [], { findClaim }), []);
  const free = (name: string) => ({ ...findClaim(name), metadata: meta(name) });
  deepStrictEqual(planned(set, [], { findClaim: free }), ["+0 web-new"]);
});

Deno.test("planStatefulStatus() makes the new revision the current one when all are ready", () => {
  const pods = [member(0), member(1), member(2, unready)];
  const before = planStatefulStatus(view(statefulSet(), pods)).status;
  strictEqual(before?.currentRevision, "web-old");
  strictEqual(before?.updatedReplicas, 3);
  strictEqual(before?.currentReplicas, undefined);
  const set = statefulSet();
  const { status } = planStatefulStatus(view(set, [member(0), member(1), member(2)]));
  deepStrictEqual(status, {
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: "web-new",
    updateRevision: "web-new",
  });
  // and then nothing is to be written
  const after = view({ ...set, status }, pods.with(2, member(2)), { current: NEW });
  strictEqual(planStatefulStatus(after).status, undefined);
});

Deno.test("planStatefulStatus() tells when the next pod becomes available", () => {
  const set = statefulSet({ replicas: 1, minReadySeconds: 90 });
  const { status, after } = planStatefulStatus(view(set, [member(0)]));
  strictEqual(status?.availableReplicas, undefined);
  strictEqual(after, 30_000);
});
