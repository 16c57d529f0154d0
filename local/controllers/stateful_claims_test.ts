import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { OwnerReference, PersistentVolumeClaim, StatefulSet } from "../objects/mod.ts";
import { meta, pod, template } from "../objects/testdata/builders.ts";
import { hasStaleClaims, missingClaims, retentionWrites } from "./stateful_claims.ts";

function set(policy: { whenDeleted?: string; whenScaled?: string } = {}): StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: meta("web", { uid: "set" }),
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: template(),
      volumeClaimTemplates: [{
        metadata: { name: "data", labels: { kind: "disk" } },
        spec: { accessModes: ["ReadWriteOnce"] },
      }],
      persistentVolumeClaimRetentionPolicy: policy,
    },
  };
}

const OTHER: OwnerReference = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "other" };
const SET: OwnerReference = { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "set" };
const POD: OwnerReference = { apiVersion: "v1", kind: "Pod", name: "web-0", uid: "pod" };

function finding(...ownerReferences: OwnerReference[]) {
  return (name: string): PersistentVolumeClaim => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: meta(name, { ownerReferences }),
    spec: {},
  });
}

function owners(
  policy: { whenDeleted?: string; whenScaled?: string },
  { condemned, present }: { condemned: boolean; present: OwnerReference[] },
): string[] | null | undefined {
  const place = { pod: pod("web-0", { uid: "pod" }), ordinal: 0, condemned };
  const [write] = retentionWrites(set(policy), place, finding(...present));
  if (!write) return undefined;
  if (write.verb !== "patch") throw new Error(write.verb);
  const { metadata } = write.patch as { metadata: { ownerReferences: OwnerReference[] | null } };
  return metadata.ownerReferences?.map(({ uid }) => uid) ?? null;
}

Deno.test("missingClaims() are named after the template, the set and the ordinal", () => {
  const [claim] = missingClaims(set(), 2, () => undefined);
  strictEqual(claim?.metadata.name, "data-web-2");
  deepStrictEqual(claim?.metadata.labels, { kind: "disk", app: "web" });
  strictEqual(claim?.metadata.ownerReferences, undefined);
  deepStrictEqual(missingClaims(set(), 2, finding()), []);
  const [owned] = missingClaims(set({ whenDeleted: "Delete" }), 2, () => undefined);
  deepStrictEqual(owned?.metadata.ownerReferences, [SET]);
});

Deno.test("retentionWrites() has claims owned by whom they are to go with", () => {
  const [here, gone] = [{ condemned: false, present: [] }, { condemned: true, present: [] }];
  strictEqual(owners({}, here), undefined);
  strictEqual(owners({}, gone), undefined);
  deepStrictEqual(owners({ whenDeleted: "Delete" }, here), ["set"]);
  deepStrictEqual(owners({ whenDeleted: "Delete" }, gone), ["set"]);
  strictEqual(owners({ whenScaled: "Delete" }, here), undefined);
  deepStrictEqual(owners({ whenScaled: "Delete" }, gone), ["pod"]);
  const both = { whenDeleted: "Delete", whenScaled: "Delete" };
  deepStrictEqual(owners(both, { condemned: true, present: [SET] }), ["pod"]);
  // the policy was taken back; other owners are not ours to remove
  strictEqual(owners({}, { condemned: false, present: [SET] }), null);
  deepStrictEqual(owners({}, { condemned: false, present: [OTHER, POD] }), ["other"]);
  strictEqual(owners(both, { condemned: false, present: [SET] }), undefined);
});

Deno.test("hasStaleClaims() when claims go with the pod that was there before", () => {
  strictEqual(hasStaleClaims(set(), 0, finding(POD)), true);
  strictEqual(hasStaleClaims(set(), 1, finding(POD)), false);
  strictEqual(hasStaleClaims(set(), 0, finding(SET)), false);
  strictEqual(hasStaleClaims(set(), 0, () => undefined), false);
});
