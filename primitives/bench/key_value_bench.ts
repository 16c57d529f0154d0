/**
 * What a put costs and how soon a watch tells of it, on the control plane that `KUBECONFIG` names (or an embedded API server), beside a
 * ConfigMap of one's own that is written as a whole, and etcd itself (`TROUPE_BENCH_ETCD`).
 *
 * `put`: one after another. `64 puts`: at once, by one process, of 64 keys. `watch`: from the call of a put to
 * when the watch of another process's connection tells of it; the spread is printed at the end.
 */
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { z } from "zod";
import { Primitives } from "../mod.ts";
import { benchCluster } from "../../tests/support/bench_cluster.ts";
import { EtcdPeer } from "../../tests/support/etcd_peer.ts";
import { Spread } from "../../tests/support/spread.ts";

const AT_ONCE = 64;

const { client, namespace, etcd } = await benchCluster();
const schema = z.object({ n: z.int(), text: z.string() });
const text = "x".repeat(100);
let n = 0;

const writer = await Primitives.create({ client: client(), namespace });
const values = writer.keyValue("bench", schema);

Deno.bench("KeyValue", { group: "put", baseline: true }, async () => {
  await values.put("key", { n: n++, text });
});

const many = (await Primitives.create({ client: client(), namespace })).keyValue("many", schema);

Deno.bench("KeyValue, 64 puts", { group: "64 puts", baseline: true }, async () => {
  const puts = Array.from({ length: AT_ONCE }, (_, i) => many.put(`key-${i}`, { n: n++, text }));
  await Promise.all(puts);
});

const core = new CoreV1Api(client()).namespace(namespace);
await core.createConfigMap({ metadata: { name: "plain" }, data: {} });

Deno.bench("a ConfigMap, patched", { group: "put" }, async () => {
  await core.patchConfigMap("plain", "json-merge", {
    data: { key: JSON.stringify({ n: n++, text }) },
  });
});

Deno.bench("a ConfigMap, 64 patches", { group: "64 puts" }, async () => {
  const patches = Array.from(
    { length: AT_ONCE },
    (_, i) =>
      core.patchConfigMap("plain", "json-merge", {
        data: { [`key-${i}`]: JSON.stringify({ n: n++, text }) },
      }),
  );
  await Promise.all(patches);
});

/** How soon a watch tells of puts. */
class Watched {
  readonly #spread: Spread;
  #waiting: { n: number; heard: () => void } | undefined;

  constructor(what: string) {
    this.#spread = new Spread(what);
  }

  heard(n: number): void {
    if (this.#waiting?.n === n) this.#waiting.heard();
  }

  /** Resolves when what `put` stores is heard. */
  async measure(put: (n: number) => Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const own = n++;
    this.#waiting = { n: own, heard: resolve };
    const started = performance.now();
    const heard = promise.then(() => this.#spread.add(performance.now() - started));
    await Promise.all([put(own), heard]);
  }
}

const watched = new Watched("watch of KeyValue");
const reader = await Primitives.create({ client: client(), namespace });
void (async () => {
  for await (const change of reader.keyValue("bench", schema).watch("watched")) {
    if (change.type === "put") watched.heard(change.value.n);
  }
})();

Deno.bench("KeyValue, put until heard", { group: "watch", baseline: true }, async () => {
  await watched.measure((n) => values.put("watched", { n, text }));
});

if (etcd !== undefined) {
  const peer = new EtcdPeer(etcd);
  Deno.bench("etcd", { group: "put" }, async () => {
    await peer.put("key", { n: n++, text });
  });

  Deno.bench("etcd, 64 puts", { group: "64 puts" }, async () => {
    const puts = Array.from({ length: AT_ONCE }, (_, i) => peer.put(`key-${i}`, { n: n++, text }));
    await Promise.all(puts);
  });

  const latencies = new Watched("watch of etcd");
  const stop = new AbortController();
  globalThis.addEventListener("unload", () => stop.abort());
  await peer.watch("watched", (it) => latencies.heard((it as { n: number }).n), stop.signal);
  Deno.bench("etcd, put until heard", { group: "watch" }, async () => {
    await latencies.measure((n) => peer.put("watched", { n, text }));
  });
}
