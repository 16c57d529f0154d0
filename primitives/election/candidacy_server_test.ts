// Candidacies and observers on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { FaultProxy } from "../../testing/mod.ts";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import { Fence, type Primitives, StaleTokenError, type Term } from "../mod.ts";
import { unlessAborted } from "../waiting.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT_MS = 30_000;

function soon<T>(promise: Promise<T>): Promise<T> {
  return unlessAborted(AbortSignal.timeout(LIMIT_MS), promise);
}

/** Who leads as the observer hears it, until it is that one. */
async function untilLeads(primitives: Primitives, identity: string): Promise<void> {
  await using observer = primitives.observe("boss", { signal: AbortSignal.timeout(LIMIT_MS) });
  for await (const leader of observer) if (leader === identity) return;
  throw new Error(`${identity} does not lead, but ${observer.leader}`);
}

Deno.test("Candidacy leads on a server, and is followed at once when its primitives close", async () => {
  await using stage = await PrimitivesStage.start();
  const all = await Promise.all(
    ["a", "b", "c"].map((identity) => stage.primitives({ identity })),
  );
  const watching = await stage.primitives({ identity: "watching" });
  const terms: Term[] = [];
  const settled: string[] = [];
  const led = new Map(all.map(({ identity }) => [identity, Promise.withResolvers<void>()]));
  for (const primitives of all) {
    primitives.elect("boss", {
      onLeading: async (_, signal, term) => {
        terms.push(term);
        led.get(primitives.identity)!.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        await Promise.resolve();
        settled.push(`${primitives.identity}: ${term.remainingMs() > 0 ? "led" : "over"}`);
      },
    });
  }
  const order: string[] = [];
  const times: number[] = [];
  let closed: Promise<void> | undefined;
  let start = 0;
  const signal = AbortSignal.timeout(LIMIT_MS);
  for await (const leader of watching.observe("boss", { signal })) {
    if (leader === undefined) continue;
    if (order.length > 0) times.push(performance.now() - start);
    await closed;
    order.push(leader);
    const primitives = all.find(({ identity }) => identity === leader)!;
    await soon(led.get(leader)!.promise); // what others observe it may hear a little later itself
    if (order.length === 3) break;
    start = performance.now();
    closed = primitives.close();
  }
  deepStrictEqual([...new Set(order)].sort(), ["a", "b", "c"]);
  deepStrictEqual(settled, order.slice(0, 2).map((it) => `${it}: led`));
  const tokens = terms.map(({ token }) => token);
  deepStrictEqual(tokens, [...new Set(tokens)].sort((a, b) => a - b));
  ok(Math.min(...times) < 1_000, `${times} ms`);
  deepStrictEqual(stage.errors, []);
});

Deno.test("Candidacy that is cut off ends its term before another leads, and its late write is refused by a Fence", async () => {
  await using stage = await PrimitivesStage.start();
  const target = stage.config.server;
  await using proxy = await FaultProxy.start({ target, mode: "tcp" });
  const timing = { leaseDuration: 2_000 };
  const [cut, other] = [
    await stage.primitives({
      ...timing,
      identity: "cut",
      config: { ...stage.config, server: proxy.url },
    }),
    await stage.primitives({ ...timing, identity: "other" }),
  ];
  const fence = new Fence("printer");
  const over = Promise.withResolvers<number>();
  const first = Promise.withResolvers<Term>();
  cut.elect("boss", {
    onLeading: async (_, signal, term) => {
      fence.check(term.token);
      first.resolve(term);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      over.resolve(performance.now());
    },
  });
  const stale = await soon(first.promise);
  const next = Promise.withResolvers<number>();
  other.elect("boss", {
    onLeading: (token) => {
      fence.check(token);
      next.resolve(performance.now());
    },
  });
  await untilLeads(other, "cut");
  proxy.stall();
  ok(await soon(over.promise) <= await soon(next.promise));
  strictEqual(stale.remainingMs(), 0);
  throws(() => fence.check(stale.token), StaleTokenError);
});
