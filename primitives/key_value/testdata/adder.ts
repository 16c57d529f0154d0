/** A process that adds to a bucket, one transaction after another, and prints a line for each. */
import { z } from "zod";
import { plainClusterConfig } from "../../../kube/mod.ts";
import { Primitives } from "../../mod.ts";
import { noise } from "./scene.ts";

const [server, namespace, name, times] = Deno.args as [string, string, string, string];
const config = server === "" ? undefined : plainClusterConfig(server); // else that of KUBECONFIG
await using primitives = await Primitives.create({ config, namespace, identity: name });
const sums = primitives.keyValue("sums", z.object({ sum: z.int(), noise: z.string() }));
for (let i = 1; i <= Number(times); i++) {
  await sums.txn((t) => {
    for (const key of ["total", `of/${name}`]) {
      t.put(key, { sum: (t.get(key)?.sum ?? 0) + 1, noise: noise(2_000) });
    }
    t.put(`at/${name}/${i}`, { sum: i, noise: noise(2_000) });
  }, { timeout: 20_000 });
  console.log(i);
}
