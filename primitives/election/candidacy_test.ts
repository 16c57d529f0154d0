import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { Candidacy, type CandidacyOptions } from "./candidacy.ts";
import type { Term } from "./term.ts";
import { Scene } from "./testdata/scene.ts";
import { SimulatedPrimitives } from "./testdata/simulated_primitives.ts";
import type { SimulatedProcess } from "./testdata/simulated_process.ts";

/** A process that stands for "boss", and what its handlers were called with. */
class Stand {
  readonly process: SimulatedProcess;
  readonly primitives: SimulatedPrimitives;
  readonly candidacy: Candidacy;
  readonly told: string[] = [];
  term: Term | undefined;

  constructor(scene: Scene, name: string, options: Partial<CandidacyOptions> = {}) {
    this.process = scene.add(name);
    this.primitives = new SimulatedPrimitives(this.process);
    const { onLeading = () => {}, ...rest } = options;
    this.candidacy = new Candidacy(this.primitives.context, "boss", {
      onFollowing: (leader) => this.told.push(`following ${leader}`),
      onLeading: (token, signal, term) => {
        this.term = term;
        this.told.push(`leading ${token}`);
        signal.addEventListener("abort", () => this.told.push("end"), { once: true });
        return onLeading(token, signal, term);
      },
      ...rest,
    });
  }

  get leads(): boolean {
    return this.candidacy.term !== undefined;
  }
}

/** A promise that settles when the signal aborts, after so many milliseconds more. */
function untilAborted(signal: AbortSignal, ms = 0): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => setTimeout(resolve, ms), { once: true });
  });
}

Deno.test("Candidacy calls onLeading with each term, and tells who leads otherwise", async () => {
  await using scene = new Scene();
  const a = new Stand(scene, "a", { onLeading: (_, signal) => untilAborted(signal) });
  await scene.until(() => a.leads);
  const b = new Stand(scene, "b");
  await scene.pass(3_000);
  strictEqual(b.candidacy.leader, "a");
  strictEqual(scene.server.lease!.metadata!.name, "troupe-election-boss");
  deepStrictEqual(scene.server.lease!.metadata!.labels, {
    "app.kubernetes.io/managed-by": "troupe",
    "troupe.dev/primitive": "election",
  });
  await scene.settle(a.candidacy.close());
  await scene.until(() => b.leads);
  ok(b.term!.token > a.term!.token);
  strictEqual(b.term!.scope, "election/ns/troupe-election-boss");
  deepStrictEqual(a.told, ["following undefined", `leading ${a.term!.token}`, "end"]);
  deepStrictEqual(b.told, ["following a", "following undefined", `leading ${b.term!.token}`]);
  await scene.settle(b.candidacy.close());
  deepStrictEqual([...a.primitives.errors, ...b.primitives.errors], []);
});

Deno.test("Candidacy.close() asks the handler to end, and leads on until it has settled", async () => {
  await using scene = new Scene();
  let left = 0;
  const a = new Stand(scene, "a", {
    onLeading: async (_, signal, term) => {
      await untilAborted(signal, 10_000);
      left = term.remainingMs();
      throw signal.reason; // is no error
    },
  });
  await scene.until(() => a.leads);
  await scene.pass(1_000);
  let closed = false;
  const closing = a.candidacy.close().then(() => closed = true);
  await scene.pass(9_900);
  deepStrictEqual([a.told.at(-1), a.leads, closed], ["end", true, false]);
  await scene.settle(closing);
  ok(left > 3_000, `${left} ms left`); // it was renewed
  strictEqual(scene.server.lease!.spec!.holderIdentity, "");
  deepStrictEqual(a.primitives.errors, []);
  strictEqual(a.candidacy.close(), a.candidacy.close());
});

Deno.test("Candidacy.close() releases the Lease after its grace, and tells that the handler still runs", async () => {
  await using scene = new Scene();
  const a = new Stand(scene, "a", { grace: 3_000, onLeading: () => new Promise(() => {}) });
  await scene.until(() => a.leads);
  const start = scene.time.now;
  await scene.settle(a.primitives.close()); // as the primitives do at their end
  const ms = scene.time.now - start;
  ok(ms >= 3_000 && ms < 3_100, `${ms} ms`);
  strictEqual(scene.server.lease!.spec!.holderIdentity, "");
  strictEqual(a.term!.signal.aborted, true);
  deepStrictEqual(a.primitives.errors.map((it) => it.message), [
    'Cannot wait for "onLeading" of election "boss": it has not settled within 3000 ms',
  ]);
});

Deno.test("Candidacy lets its handler use the primitives until it ends, when these are closed", async () => {
  await using scene = new Scene();
  let usable = false;
  const a = new Stand(scene, "a", {
    onLeading: async (_, signal) => {
      await untilAborted(signal, 5_000);
      usable = !a.primitives.context.signal.aborted;
    },
  });
  await scene.until(() => a.leads);
  await scene.settle(a.primitives.close());
  strictEqual(usable, true);
  strictEqual(a.primitives.context.signal.aborted, true);
  deepStrictEqual(a.primitives.errors, []);
});

Deno.test("Candidacy gives the term up and reports when onLeading rejects, and another one leads", async () => {
  await using scene = new Scene();
  const broken = new Error("no bills");
  const times: number[] = [];
  const a = new Stand(scene, "a", {
    onLeading: () => {
      times.push(scene.time.now);
      throw broken;
    },
  });
  await scene.pass(200_000); // alone it tries again and again
  const waits = times.slice(1).map((time, i) => Math.round((time - times[i]!) / 100) / 10);
  deepStrictEqual(waits, [0.8, 1.5, 3, 6, 12, 24, 45, 45, 45]); // three quarters of 1 s, 2 s, … 60 s
  deepStrictEqual([...new Set(a.primitives.errors)], [broken]);
  const b = new Stand(scene, "b");
  await scene.until(() => b.leads);
  await scene.pass(200_000);
  strictEqual(b.leads, true);
  strictEqual(a.candidacy.leader, "b");
  await scene.settle(Promise.all([a.candidacy.close(), b.candidacy.close()]));
});

Deno.test("Candidacy does not stand while the handler of a former term still runs", async () => {
  await using scene = new Scene();
  const work = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const a = new Stand(scene, "a", {
    onLeading: async () => {
      most = Math.max(most, ++running);
      await work.promise; // heeds no signal
      running--;
    },
  });
  await scene.until(() => a.leads);
  a.process.pause(); // SIGSTOP, beyond the lease
  const b = new Stand(scene, "b");
  await scene.until(() => b.leads);
  const stale = a.term!;
  a.process.resume();
  throws(() => stale.throwIfOver(), /Cannot lead/);
  await scene.settle(b.candidacy.close());
  await scene.pass(60_000);
  deepStrictEqual([a.leads, running], [false, 1]);
  work.resolve();
  await scene.until(() => a.leads);
  strictEqual(most, 1);
  ok(a.term!.token > b.term!.token);
  await scene.settle(a.candidacy.close());
});

Deno.test("Candidacy tells its handler before the lease can expire when the server is silent", async () => {
  await using scene = new Scene();
  const a = new Stand(scene, "a", { onLeading: (_, signal) => untilAborted(signal) });
  await scene.until(() => a.leads);
  const b = new Stand(scene, "b");
  await scene.pass(1_000);
  scene.server.fault = ({ client }) => client === "a" ? "lose request" : undefined;
  await scene.until(() => a.told.includes("end"));
  strictEqual(b.leads, false);
  await scene.until(() => b.leads);
  scene.server.fault = () => undefined;
  await scene.until(() => a.candidacy.leader === "b");
  strictEqual(a.told.at(-1), "following b");
  await scene.settle(Promise.all([a.candidacy.close(), b.candidacy.close()]));
});

Deno.test("Candidacy reports what onFollowing throws, and ends with its signal", async () => {
  await using scene = new Scene();
  const stop = new AbortController();
  const a = new Stand(scene, "a", {
    signal: stop.signal,
    onFollowing: () => Promise.reject(new Error("nobody cares")),
    onLeading: (_, signal) => untilAborted(signal, 500),
  });
  await scene.until(() => a.leads);
  strictEqual(a.primitives.errors[0]?.message, "nobody cares");
  stop.abort(new Error("enough"));
  await scene.settle(a.primitives.context.background.settled());
  strictEqual(scene.server.lease!.spec!.holderIdentity, "");
  throws(() => new Stand(scene, "b", { signal: stop.signal }), /enough/);
});

Deno.test("Candidacy costs what its text says", async () => {
  await using scene = new Scene();
  const stands = ["a", "b", "c"].map((name) => new Stand(scene, name));
  await scene.until(() => stands.some((it) => it.leads));
  await scene.pass(1_000);
  const { server } = scene;
  deepStrictEqual([server.listed, server.watched], [3, 3]);
  server.forget();
  await scene.pass(100_000);
  strictEqual(server.calls.length, 50);
  deepStrictEqual([server.listed, server.watched, server.count("PUT")], [0, 0, 50]);
  server.forget();
  const leader = stands.find((it) => it.leads)!;
  await scene.settle(leader.candidacy.close());
  await scene.until(() => stands.some((it) => it.leads));
  ok(server.calls.length <= 3, `${server.calls.length} requests`);
  await scene.settle(Promise.all(stands.map((it) => it.candidacy.close())));
});

Deno.test("Candidacy refuses options that it does not know, and names that no Lease can have", async () => {
  await using scene = new Scene();
  const { context } = new SimulatedPrimitives(scene.add("a"));
  const onLeading = () => {};
  const refused = (name: string, options: unknown) => {
    try {
      new Candidacy(context, name, options as CandidacyOptions);
      return "it was not refused";
    } catch (error) {
      return (error as Error).message;
    }
  };
  match(refused("boss", {}), /^Cannot elect a leader: "onLeading"/);
  match(refused("boss", { onLeading, grace: -1 }), /"grace" given -1, allowed/);
  match(refused("Boss", { onLeading }), /^Cannot make an election: "name" given "Boss"/);
});
