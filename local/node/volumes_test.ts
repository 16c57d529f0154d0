import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Volume } from "@cloudydeno/kubernetes-apis/core/v1";
import { makeVolumes } from "./volumes.ts";

const PLACE = {
  podIP: "127.1.0.2",
  hostIP: "127.1.0.1",
  nodeName: "n",
  allocatable: { cpu: 1, memory: 1 },
};

async function make(volumes: Volume[]): Promise<{ env: Record<string, string>; dir: string }> {
  const dir = await Deno.makeTempDir();
  const data = new Map([["a", new TextEncoder().encode("1")]]);
  const env = await makeVolumes({
    pod: { metadata: { name: "p", labels: { x: "y" } }, spec: { containers: [], volumes } },
    place: PLACE,
    source: { read: ({ name }) => Promise.resolve(name === "there" ? data : undefined) },
    claims: {
      directory: ({ namespace, name }) => Promise.resolve(`${dir}/claims/${namespace}/${name}`),
    },
    dir,
  });
  return { env, dir };
}

Deno.test("makeVolumes() makes folders and files, and names them by environment", async () => {
  const labels = { path: "labels", fieldRef: { fieldPath: "metadata.labels" } };
  const { env, dir } = await make([
    { name: "empty", emptyDir: {} },
    { name: "my-config", configMap: { name: "there" } },
    { name: "secret", secret: { secretName: "there", items: [{ key: "a", path: "sub/b" }] } },
    { name: "all", projected: { sources: [{ downwardAPI: { items: [labels] } }] } },
    { name: "host", hostPath: { path: "/var" } },
    { name: "data", persistentVolumeClaim: { claimName: "data-web-0" } },
  ]);
  deepStrictEqual(Object.keys(env), [
    "TROUPE_VOLUME_EMPTY",
    "TROUPE_VOLUME_MY_CONFIG",
    "TROUPE_VOLUME_SECRET",
    "TROUPE_VOLUME_ALL",
    "TROUPE_VOLUME_HOST",
    "TROUPE_VOLUME_DATA",
  ]);
  strictEqual(Deno.readTextFileSync(`${env.TROUPE_VOLUME_MY_CONFIG}/a`), "1");
  strictEqual(Deno.readTextFileSync(`${env.TROUPE_VOLUME_SECRET}/sub/b`), "1");
  strictEqual(Deno.readTextFileSync(`${env.TROUPE_VOLUME_ALL}/labels`), 'x="y"');
  strictEqual(env.TROUPE_VOLUME_HOST, "/var");
  strictEqual(env.TROUPE_VOLUME_DATA, `${dir}/claims/default/data-web-0`);
  strictEqual(Deno.statSync(env.TROUPE_VOLUME_DATA).isDirectory, true);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("makeVolumes() rejects a missing object and a path that leaves the volume", async () => {
  await rejects(make([{ name: "v", configMap: { name: "gone" } }]), /configmap "gone" not found/);
  const items = [{ key: "a", path: "../../x" }];
  await rejects(make([{ name: "v", configMap: { name: "there", items } }]), /leaves the volume/);
});
