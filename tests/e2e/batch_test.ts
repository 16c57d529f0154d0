// The leader is killed in the middle of a batch, twice. A cluster with nodes of its own has no image of
// its workers.
import { deepStrictEqual, ok } from "node:assert/strict";
import type { ConfigMap } from "@cloudydeno/kubernetes-apis/core/v1";
import { CONFIG_MAPS, Reflector } from "../../kube/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { startCast } from "../support/cast.ts";
import { OWN_NODES } from "../support/cluster.ts";
import type { ReplicaLine } from "../support/replica.ts";
import type { Replica } from "../support/replicas.ts";
import { until } from "../support/until.ts";

type ResultLine = Extract<ReplicaLine, { line: "result" }>;

const INPUTS = 300;
const WORKERS = 3;
/** Calls that a talker runs at once. */
const CONCURRENCY = 2;
const MS = 200;
/** Shortest time between two writes of a batch, in milliseconds. */
const INTERVAL = 500;
/** For what takes as long as an election may take on a busy machine. */
const PATIENCE = { timeout: 120_000 };

Deno.test({
  name:
    "a batch is done to its end, and nothing of it twice that was noted, though its leader is killed",
  ignore: OWN_NODES,
}, async () => {
  await using cast = await startCast({
    workers: 0,
    leaseDuration: 1_000,
    images: { "talker:1": denoImage(new URL("../support/talker.ts", import.meta.url)) },
    replica: {
      runs: [],
      batch: {
        runs: { name: "talker", image: "talker:1", replicas: WORKERS },
        inputs: INPUTS,
        ms: MS,
      },
    },
  });
  const written: { state: string; done: [number, number][]; at: number }[] = [];
  await using records = new Reflector<ConfigMap>(cast.cluster.admin, CONFIG_MAPS, {
    namespace: cast.cluster.namespace,
  });
  records.onChange(({ object: { metadata, data } }) => {
    if (metadata?.name !== "troupe-ensemble-batch-all") return;
    written.push({ ...JSON.parse(data!["value.json"]!), at: performance.now() });
  });
  records.start();
  await records.synced();

  const everyone: Replica[] = [];
  const add = () => everyone.push(cast.add());
  const results = (): ResultLine[] =>
    everyone.flatMap((r) => r.lines().filter((l): l is ResultLine => l.line === "result"));
  const heard = () => new Set(results().map(({ index }) => index));
  for (let n = 0; n < 2; n++) add();
  /** What must not be heard again, for each kill, and by whom it was heard before. */
  const kept: { noted: number[]; before: Set<ResultLine>; open: number }[] = [];
  for (const some of [80, 180]) {
    await until(`${some} results`, () => heard().size >= some, PATIENCE);
    const token = cast.token();
    const leader = cast.replicas.find((replica) => replica.token() === token)!;
    await leader.stop("SIGKILL");
    cast.drop(leader);
    const record = await cast.core.getConfigMap("troupe-ensemble-batch-all");
    const noted = indexes(JSON.parse(record.data!["value.json"]!).done);
    const before = new Set(results());
    kept.push({ noted, before, open: heard().size - noted.length });
    add();
  }
  await until(
    "the end of the batch",
    () => cast.replicas.some((r) => r.lines().some(({ line }) => line === "batch")),
    PATIENCE,
  );
  const summary = cast.replicas.flatMap((r) => r.lines()).find(({ line }) => line === "batch");
  deepStrictEqual(summary, { line: "batch", done: INPUTS, failed: 0 });
  await until("the last write", () => written.at(-1)?.state === "done");
  await Promise.all(everyone.map((replica) => replica.stop()));

  const all = results();
  deepStrictEqual([...heard()].sort((a, b) => a - b), Array.from({ length: INPUTS }, (_, n) => n));
  ok(all.every(({ ok }) => ok));
  // each is noted once: what is noted only grows
  deepStrictEqual(written.at(-1)!.done, [[0, INPUTS]]);
  for (const [n, { done }] of written.entries()) {
    const after = new Set(indexes(written[n + 1]?.done ?? [[0, INPUTS]]));
    ok(indexes(done).every((index) => after.has(index)), `write ${n + 1} forgot something`);
  }
  // what was noted is not heard again, and of the rest only what was under way or done since
  let again = 0;
  for (const { noted, before, open } of kept) {
    const later = new Set(all.filter((line) => !before.has(line)).map(({ index }) => index));
    deepStrictEqual(noted.filter((index) => later.has(index)), []);
    again += open;
  }
  // terms that ended otherwise than by a kill leave something open too
  const terms = everyone.flatMap((r) => r.lines().filter(({ line }) => line === "leading")).length;
  if (terms === kept.length + 1) {
    ok(all.length - INPUTS <= again, `${all.length - INPUTS} were heard again, ${again} were open`);
  }
  // a write in an interval; in each term one to claim, one at once, and the last one
  const took = written.at(-1)!.at - written[0]!.at;
  ok(terms > kept.length);
  ok(written.length <= took / INTERVAL + 2 * terms + 1, `${written.length} writes in ${took} ms`);
  const atOnce = WORKERS * CONCURRENCY;
  console.log(
    `batch: ${all.length - INPUTS} of ${INPUTS} heard again (${again} not noted at the kills, ` +
      `${atOnce} at once), ${written.length} writes in ${Math.round(took)} ms, ${terms} terms`,
  );
});

function indexes(ranges: [number, number][]): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, n) => from + n));
}
