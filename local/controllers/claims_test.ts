import { deepStrictEqual } from "node:assert/strict";
import { PODS, type Write } from "../objects/mod.ts";
import { pod, replicaSet } from "../objects/testdata/builders.ts";
import { claim } from "./claims.ts";

const names = (items: readonly { metadata: { name: string } }[]) =>
  items.map(({ metadata }) => metadata.name);
const targets = (writes: readonly Write[]) =>
  writes.map((write) => write.verb === "patch" && write.target.name);

Deno.test("claim() keeps, adopts and releases by controller and selector", () => {
  const set = replicaSet("mine");
  const claims = claim(set, [
    pod("kept", { owner: set }),
    pod("relabeled", { owner: set, labels: { app: "other" } }),
    pod("foreign", { owner: replicaSet("theirs") }),
    pod("orphan"),
    pod("unrelated", { labels: { app: "other" } }),
    pod("dying", { deleting: true }),
  ], { kind: PODS });
  deepStrictEqual(names(claims.owned), ["kept", "orphan"]);
  deepStrictEqual(targets(claims.adoptions), ["orphan"]);
  deepStrictEqual(targets(claims.releases), ["relabeled"]);
});

Deno.test("claim() changes nothing for an owner that is being deleted", () => {
  const set = replicaSet("mine", {}, { meta: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
  const claims = claim(set, [
    pod("kept", { owner: set }),
    pod("relabeled", { owner: set, labels: { app: "other" } }),
    pod("orphan"),
  ], { kind: PODS });
  deepStrictEqual(names(claims.owned), ["kept"]);
  deepStrictEqual([claims.adoptions, claims.releases], [[], []]);
});

Deno.test("claim() only changes the version that it has seen", () => {
  const set = replicaSet("mine");
  const orphan = pod("orphan");
  const [write] = claim(set, [orphan], { kind: PODS }).adoptions;
  const { uid, resourceVersion } = orphan.metadata;
  deepStrictEqual(write?.verb === "patch" && write.patch, {
    metadata: {
      uid,
      resourceVersion,
      ownerReferences: [{
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "mine",
        uid: set.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      }],
    },
  });
});
