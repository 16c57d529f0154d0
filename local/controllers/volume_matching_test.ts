import { strictEqual } from "node:assert/strict";
import type { PersistentVolume, PersistentVolumeClaim } from "../objects/mod.ts";
import { meta } from "../objects/testdata/builders.ts";
import { LOCAL_PATH, mayRemove } from "./local_path_provisioner.ts";
import { findVolume } from "./volume_matching.ts";

function volume(
  name: string,
  spec: Partial<PersistentVolume["spec"]> = {},
  phase = "Available",
): PersistentVolume {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: meta(name, { annotations: { "pv.kubernetes.io/provisioned-by": LOCAL_PATH } }),
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      storageClassName: "local",
      persistentVolumeReclaimPolicy: "Delete",
      hostPath: { path: `/volumes/${name}` },
      ...spec,
    },
    status: { phase },
  };
}

const CLAIM: PersistentVolumeClaim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: meta("data", { uid: "data" }),
  spec: {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "512Mi" } },
    storageClassName: "local",
  },
};

Deno.test("findVolume() finds the smallest that suits", () => {
  const found = (...volumes: PersistentVolume[]) => findVolume(CLAIM, volumes)?.metadata.name;
  const small = volume("small", { capacity: { storage: "600Mi" } });
  strictEqual(found(volume("large"), small), "small");
  strictEqual(found(volume("tiny", { capacity: { storage: "100Mi" } })), undefined);
  strictEqual(found(volume("other", { storageClassName: "fast" })), undefined);
  strictEqual(found(volume("block", { volumeMode: "Block" })), undefined);
  strictEqual(found(volume("read", { accessModes: ["ReadOnlyMany"] })), undefined);
  strictEqual(found(volume("pending", {}, "Pending")), undefined);
  const labeled = { ...CLAIM, spec: { ...CLAIM.spec, selector: { matchLabels: { a: "b" } } } };
  strictEqual(findVolume(labeled, [volume("plain")]), undefined);
});

Deno.test("findVolume() takes what is set aside for the claim, and nothing of others", () => {
  const mine = volume("mine", { claimRef: { namespace: "default", name: "data" } });
  strictEqual(findVolume(CLAIM, [volume("free"), mine])?.metadata.name, "mine");
  const former = { namespace: "default", name: "data", uid: "former" };
  strictEqual(findVolume(CLAIM, [volume("former", { claimRef: former })]), undefined);
  strictEqual(findVolume(CLAIM, [volume("free")], { onlySetAside: true }), undefined);
});

Deno.test("mayRemove() allows only what was made here, and is released", () => {
  strictEqual(mayRemove(volume("a", {}, "Released"), "/volumes"), true);
  strictEqual(mayRemove(volume("a", {}, "Bound"), "/volumes"), false);
  strictEqual(mayRemove(volume("a", {}, "Released"), "/elsewhere"), false);
  const outside = { hostPath: { path: "/home" } };
  strictEqual(mayRemove(volume("a", outside, "Released"), "/volumes"), false);
  const kept = { persistentVolumeReclaimPolicy: "Retain" };
  strictEqual(mayRemove(volume("a", kept, "Released"), "/volumes"), false);
  const foreign = { ...volume("a", {}, "Released"), metadata: meta("a") };
  strictEqual(mayRemove(foreign, "/volumes"), false);
});
