// Tasks are given to workers that are killed and paused, over connections that are cut and stalled, by who
// is killed too: none is lost, none is done twice without a cause. TROUPE_CHAOS_TASKS says how many tasks
// (default 1,000), TROUPE_CHAOS_SEED which faults (default 1). Workers of real images cannot be killed so.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { startCast } from "../support/cast.ts";
import { OWN_NODES } from "../support/cluster.ts";
import { type HandedOn, Noted, notedMistakes } from "../support/noted.ts";
import type { ToiledLine } from "../support/replica.ts";
import type { Replica } from "../support/replicas.ts";
import { failureOf, falseFailure } from "../support/toil_failure.ts";
import { ToilFaults } from "../support/toil_faults.ts";
import { explainRepeats, readExecutions, type Takeover } from "../support/toil_record.ts";
import { startToilScene, TOILER_BACKOFF, TOILER_IMAGES, toilers } from "../support/toil_scene.ts";
import { toils } from "../support/toiler.ts";
import { until } from "../support/until.ts";

const TASKS = Number(Deno.env.get("TROUPE_CHAOS_TASKS") ?? 1_000);
const SEED = Number(Deno.env.get("TROUPE_CHAOS_SEED") ?? 1);
const IS_LONG = TASKS > 2_000;
const WORKERS = 8;
/** Milliseconds that a task takes, on average: so many that there is time for faults. */
const TASK_MS = IS_LONG ? 150 : 200;
/** Milliseconds from one fault to the next: workers that are killed must come to work too. */
const BETWEEN = IS_LONG ? [500, 2_500] as const : [200, 1_000] as const;
/** How often whoever leads is killed. */
const KILLS = IS_LONG ? 8 : 3;
const LEASE = 2_000;
/** For what takes as long as it may take on a busy machine. */
const PATIENCE = { timeout: 300_000 };
/** Workers that are not killed or paused at the same time. */
const SPARE = 4;

Deno.test({
  name:
    `map() over ${TASKS} tasks (seed ${SEED}) hands on one result of each, whatever befalls workers`,
  ignore: OWN_NODES,
}, async () => {
  const scene = await startToilScene({ workers: WORKERS, seed: SEED, stalls: IS_LONG ? 8 : 3 });
  await using _ = scene;
  const { workers, dir, network } = scene;
  const inputs = toils({ tasks: TASKS, ms: TASK_MS, random: seededRandom(SEED) });
  const began = performance.now();
  const faults = new ToilFaults({ dir, seed: SEED, spare: SPARE, between: BETWEEN, network });
  const heard = new Map<number, { times: number; attempts: number }>();
  const failures: ReturnType<typeof failureOf>[] = [];
  await using _faults = faults;
  for await (const result of workers.map("toil", inputs, { unreachable: 2_000 })) {
    const { index, attempts } = result;
    if (result.ok) strictEqual(result.output, index);
    else failures.push(failureOf(result));
    heard.set(index, { times: (heard.get(index)?.times ?? 0) + 1, attempts });
  }
  await faults.close();
  const took = (performance.now() - began) / 1_000;

  strictEqual(heard.size, TASKS, "some tasks have no result");
  deepStrictEqual([...heard].filter(([, { times }]) => times !== 1), []);
  const strikes = [...faults.strikes, ...scene.strikes()];
  deepStrictEqual(failures.flatMap((failure) => falseFailure(failure, strikes) ?? []), []);
  const executions = readExecutions(dir);
  const { repeats, causes, unexplained } = explainRepeats(executions, { strikes });
  deepStrictEqual(unexplained, []);
  const times = Map.groupBy(executions, ({ index }) => index);
  for (const [index, { attempts }] of heard) {
    const begun = times.get(index)?.length ?? 0;
    ok(begun <= attempts, `task ${index} was begun ${begun} times, of which ${attempts} were told`);
  }
  console.log(
    `${TASKS} tasks in ${took.toFixed(1)} s under ${
      JSON.stringify(counts(strikes))
    }: each has one ` +
      `result, ${failures.length} of them poison; begun again ${repeats} times: ` +
      JSON.stringify(causes),
  );
});

Deno.test({
  name:
    `a batch of ${TASKS} tasks (seed ${SEED}) is done, each noted once, though its leader is killed ${KILLS} times`,
  ignore: OWN_NODES,
}, async () => {
  const dir = await Deno.makeTempDir({ prefix: "troupe-toil-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const toil = { params: toilers(WORKERS, dir), tasks: TASKS, ms: TASK_MS, seed: SEED };
  const cast = stack.use(
    await startCast({
      workers: 0,
      leaseDuration: LEASE,
      images: TOILER_IMAGES,
      restartBackoff: TOILER_BACKOFF,
      replica: { toil },
    }),
  );
  const { admin, namespace } = cast.cluster;
  const noted = stack.use(new Noted(admin, { namespace, name: "troupe-ensemble-batch-toil" }));
  await noted.synced();
  const everyone: Replica[] = [];
  const add = (): void => void everyone.push(cast.add());
  for (let i = 0; i < 3; i++) add();
  const isDone = (): boolean => {
    const lines = everyone.flatMap((one) => one.lines());
    const broken = lines.find(({ line }) => line === "broken");
    if (broken !== undefined) throw new Error(`The batch ended: ${JSON.stringify(broken)}`);
    return lines.some(({ line }) => line === "batch");
  };
  const handedOn = (): number =>
    new Set(everyone.flatMap((one) => resultsOf(one)).map(({ index }) => index)).size;
  await until("results", () => handedOn() > 0, PATIENCE);

  const began = performance.now();
  const faults = stack.use(new ToilFaults({ dir, seed: SEED, spare: SPARE, between: BETWEEN }));
  let token = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = TASKS * kill / (KILLS + 1);
    await until(`${enough} results`, () => isDone() || handedOn() >= enough, PATIENCE);
    const leader = await cast.leader(token);
    token = leader.token();
    await leader.stop("SIGKILL");
    cast.drop(leader);
    add();
  }
  await until("the end", isDone, PATIENCE);
  await faults.close();
  const took = (performance.now() - began) / 1_000;

  const results = everyone.flatMap((one) => resultsOf(one));
  strictEqual(new Set(results.map(({ index }) => index)).size, TASKS, "some have no result");
  const last = noted.states.at(-1)!;
  deepStrictEqual([last.state, last.done.ranges], ["done", [[0, TASKS]]]);
  deepStrictEqual(notedMistakes(noted.states, results), []);
  deepStrictEqual(cast.violations(), []);
  const { strikes } = faults;
  deepStrictEqual(results.flatMap((result) => falseFailure(result, strikes) ?? []), []);
  const terms = everyone.flatMap((one) => termsOf(one)).sort((a, b) => a.token - b.token);
  const takeovers = terms.slice(1).map(({ token, at }): Takeover => ({
    at,
    isNoted: (index) => noted.before(token).has(index),
  }));
  const executions = readExecutions(dir);
  const { repeats, causes, unexplained } = explainRepeats(executions, { strikes, takeovers });
  deepStrictEqual(unexplained, []);
  const again = terms.slice(1).map(({ token }) => {
    const before = new Set(results.filter(({ term }) => term < token).map(({ index }) => index));
    return results.filter(({ term, index }) => term === token && before.has(index)).length;
  });
  console.log(
    `${TASKS} tasks in ${took.toFixed(1)} s, ${KILLS} deaths of who leads, ` +
      `${JSON.stringify(counts(strikes))}: each noted once, ${noted.states.length} states of the ` +
      `record; results handed on again by the next leader: ${again.join(", ")}; ` +
      `begun again ${repeats} times: ${JSON.stringify(causes)}`,
  );
});

/** When a replica began to lead. */
function termsOf(replica: Replica): { token: number; at: number }[] {
  return replica.lines().flatMap((line) => line.line === "leading" ? [line] : []);
}

/** What a replica has handed on, with the term in which it has. */
function resultsOf(replica: Replica): (ToiledLine & HandedOn)[] {
  let term = 0;
  return replica.lines().flatMap((line) => {
    if (line.line === "leading") term = line.token;
    return line.line === "toiled" ? [{ ...line, term }] : [];
  });
}

function counts(strikes: readonly { kind: string }[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(strikes, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]),
  );
}
