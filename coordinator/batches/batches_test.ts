import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { z } from "zod";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { contract, Work } from "../../messaging/mod.ts";
import { FakePool } from "../../messaging/work/testdata/fake_pool.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { Records } from "../records/mod.ts";
import { Batches } from "./batches.ts";

const numbers = contract("numbers", { double: { input: z.number(), output: z.number() } });

Deno.test("Batches keep progress in a ConfigMap, and go on in another process", async () => {
  await using server = await ApiServer.start();
  await using client = new Transport(plainClusterConfig(server.url));
  const core = new CoreV1Api(client);
  await core.createNamespace({ metadata: { name: "team" } });
  const pool = new FakePool((n) => 2 * (n as number));
  const work = Object.assign(new Work<typeof numbers["specs"]>(pool), { contract: numbers });
  const seen: number[] = [];
  for (const token of [1, 2, 3]) {
    const over = new AbortController();
    const mandate: Mandate = { token, signal: over.signal, check: () => {} };
    const records = new Records({ client, coordinator: "boss", namespace: "team" });
    const batches = new Batches({
      record: (what, schema) => records.record(what, schema),
      require: () => mandate,
      bind: (handler) => handler,
      onError: (error) => console.error(error),
    });
    batches.begin(mandate);
    const stop = new AbortController();
    const batch = batches.batch("all", {
      workers: work,
      method: "double",
      inputs: Array.from({ length: 100 }, (_, n) => n),
      interval: 0,
      signal: stop.signal,
      onResult: (result) => {
        if (result.ok) seen.push(result.output / 2); // its type is known by the contract
        if (token === 1 && seen.length === 50) stop.abort(new Error("enough"));
      },
    });
    await batch.done.catch(() => {});
    await batches.close(new Error("stopped"));
    if (token === 3) strictEqual(batch.progress.done, 100);
  }
  const { data } = await core.namespace("team").getConfigMap("troupe-boss-batch-all");
  const { state, done, failures } = JSON.parse(data!["value.json"]!);
  deepStrictEqual({ state, done, failures }, { state: "done", done: [[0, 100]], failures: [] });
  strictEqual(new Set(seen).size, 100);
});
