import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";
const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";

function claim(name: string, more: Record<string, unknown> = {}) {
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  return { metadata: { name }, spec: { ...spec, ...more } };
}

function storageClass(name: string, isDefault: boolean) {
  const annotations = { "storageclass.kubernetes.io/is-default-class": String(isDefault) };
  return { metadata: { name, annotations }, provisioner: "example.com/p" };
}

Deno.test("a new claim gets the default class unless it names one, and is protected", async () => {
  await using server = await ApiServer.start();
  const create = async (body: unknown, path = CLAIMS) =>
    (await call(server, `POST ${path}`, { body })).body;
  strictEqual((await create(claim("before"))).spec.storageClassName, undefined);
  await create(storageClass("other", false), CLASSES);
  await create(storageClass("usual", true), CLASSES);
  const made = await create(claim("a"));
  strictEqual(made.spec.storageClassName, "usual");
  deepStrictEqual(made.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  strictEqual(
    (await create(claim("b", { storageClassName: "other" }))).spec.storageClassName,
    "other",
  );
  // the empty name asks for no class
  strictEqual((await create(claim("c", { storageClassName: "" }))).spec.storageClassName, "");
  // nobody but the field's writer owns it: the class was not sent
  const { fieldsV1 } = made.metadata.managedFields[0];
  strictEqual("f:storageClassName" in fieldsV1["f:spec"], false);
});

Deno.test("kubectl's table of claims, volumes and classes", async () => {
  await using server = await ApiServer.start();
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const rows = async (path: string) => {
    const { body } = await call(server, `GET ${path}`, { headers: { accept } });
    return body.rows.map(({ cells }: { cells: unknown[] }) => cells);
  };
  await call(server, `POST ${CLASSES}`, { body: storageClass("usual", true) });
  await call(server, `POST ${CLAIMS}`, { body: claim("data", { volumeName: "v" }) });
  await call(server, "POST /api/v1/persistentvolumes", {
    body: {
      metadata: { name: "v" },
      spec: {
        accessModes: ["ReadWriteMany", "ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        claimRef: { namespace: "default", name: "data" },
        hostPath: { path: "/x" },
      },
    },
  });
  const [[name, provisioner, policy, mode, expands]] = await rows(CLASSES);
  deepStrictEqual([name, provisioner, policy, mode, expands], [
    "usual (default)",
    "example.com/p",
    "Delete",
    "Immediate",
    "false",
  ]);
  const [claimRow] = await rows(CLAIMS);
  deepStrictEqual(claimRow.slice(0, 7), ["data", "Pending", "v", "", "", "usual", "<unset>"]);
  const [volumeRow] = await rows("/api/v1/persistentvolumes");
  deepStrictEqual(volumeRow.slice(0, 9), [
    "v",
    "1Gi",
    "RWO,RWX",
    "Retain",
    "Pending",
    "default/data",
    "",
    "<unset>",
    "",
  ]);
});
