import { rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api, type PersistentVolume } from "@cloudydeno/kubernetes-apis/core/v1";
import { toQuantity } from "@cloudydeno/kubernetes-apis/common.ts";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../apiserver/mod.ts";
import { BlockedError } from "./blocked_error.ts";
import { apiClaimSource } from "./claim_source.ts";

const CLAIM = { namespace: "default", name: "data" };

Deno.test("directory() waits until a claim is bound to a volume that is a directory", async () => {
  await using server = await ApiServer.start();
  await using client = new Transport(plainClusterConfig(server.url));
  const source = apiClaimSource(client);
  const [core, api] = [new CoreV1Api(client), new CoreV1Api(client).namespace("default")];
  const waits = (why: RegExp) =>
    rejects(
      source.directory(CLAIM),
      (error) => error instanceof BlockedError && why.test(error.message),
    );

  await waits(/persistentvolumeclaim "data" not found/);
  const storage = toQuantity("1Gi");
  const { metadata } = await api.createPersistentVolumeClaim({
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  });
  await waits(/is not bound/);
  await api.patchPersistentVolumeClaim("data", "json-merge", { spec: { volumeName: "v" } });
  await api.patchPersistentVolumeClaimStatus("data", "json-merge", { status: { phase: "Bound" } });
  await waits(/persistentvolume "v" not found/);

  async function volume(spec: PersistentVolume["spec"]): Promise<void> {
    const capacity = { storage };
    await core.createPersistentVolume({
      metadata: { name: "v" },
      spec: { accessModes: ["ReadWriteOnce"], capacity, ...spec },
    });
  }
  async function removeVolume(): Promise<void> {
    await core.deletePersistentVolume("v");
    await core.patchPersistentVolume("v", "json-merge", { metadata: { finalizers: null } });
  }
  const claimRef = { namespace: "default", name: "data" };
  await volume({ hostPath: { path: "/volumes/v" }, claimRef: { ...claimRef, uid: "another" } });
  await waits(/bound to another claim/);
  await removeVolume();
  await volume({ nfs: { server: "s", path: "/x" }, claimRef: { ...claimRef, uid: metadata!.uid } });
  await waits(/no directory of this machine/);
  await removeVolume();
  await volume({ hostPath: { path: "/volumes/v" }, claimRef: { ...claimRef, uid: metadata!.uid } });
  strictEqual(await source.directory(CLAIM), "/volumes/v");
});
