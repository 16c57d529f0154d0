// Ownership on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { loadClusterConfig, plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { Primitives } from "../primitives.ts";
import type { ShardedOwnership } from "./sharded_ownership.ts";

const REAL = Deno.env.get("TROUPE_TEST_CLUSTER") === "1";
const KEYS = Array.from({ length: 200 }, (_, i) => `partition-${i}`);

/** An ownership of its own on an API server, and processes that take part. */
class Stage {
  readonly name = `ownership-${crypto.randomUUID().slice(0, 8)}`;
  /** For each key who has it, and the highest token. */
  readonly holders = new Map<string, string>();
  readonly tokens = new Map<string, number>();
  /** What was not as it must be. */
  readonly violations: string[] = [];
  /** How often a key was acquired. */
  acquired = 0;
  #wake = Promise.withResolvers<void>();

  constructor(
    readonly config: Awaited<ReturnType<typeof loadClusterConfig>>,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async start(stack: AsyncDisposableStack): Promise<Stage> {
    const config = REAL
      ? await loadClusterConfig()
      : plainClusterConfig(stack.use(await ApiServer.start()).url);
    const stage = new Stage(config, stack);
    const admin = stack.use(new Transport(config));
    const core = new CoreV1Api(admin).namespace("default");
    stack.defer(() =>
      core.deleteConfigMap(`troupe-ownership-${stage.name}`).then(() => {}, () => {})
    );
    return stage;
  }

  async join(identity: string): Promise<{ primitives: Primitives; ownership: ShardedOwnership }> {
    const { config, holders, tokens } = this;
    const primitives = this.stack.use(
      await Primitives.create({ config, namespace: "default", identity }),
    );
    primitives.onError((error) => this.violations.push(String(error)));
    const ownership: ShardedOwnership = this.stack.use(primitives.shardedOwnership(this.name, {
      keys: KEYS,
      onAcquire: (key, token) => {
        if (holders.has(key)) this.violations.push(`${key} of ${holders.get(key)} to ${identity}`);
        if (token <= (tokens.get(key) ?? 0)) this.violations.push(`${key}: token ${token}`);
        strictEqual(ownership.owned.get(key)?.token, token);
        tokens.set(key, token);
        holders.set(key, identity);
        this.acquired++;
        this.#changed();
      },
      onRelease: async (key) => {
        await Promise.resolve();
        holders.delete(key);
        this.#changed();
      },
    }));
    return { primitives, ownership };
  }

  #changed(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Resolves when these have all keys, none of them more than one more than another. */
  async until(...members: string[]): Promise<void> {
    const signal = AbortSignal.timeout(60_000);
    const late = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error(JSON.stringify(this.loads))))
    );
    late.catch(() => {});
    const isSo = () => {
      const loads = Object.values(this.loads).sort((a, b) => a - b);
      return this.holders.size === KEYS.length && loads.at(-1)! - loads[0]! <= 1 &&
        Object.keys(this.loads).join() === members.join();
    };
    while (!isSo()) await Promise.race([this.#wake.promise, late]);
  }

  get loads(): Record<string, number> {
    const loads: Record<string, number> = {};
    for (const holder of [...this.holders.values()].sort()) {
      loads[holder] = (loads[holder] ?? 0) + 1;
    }
    return loads;
  }
}

Deno.test("ShardedOwnership divides keys on a server, moves few, and hands them on", async () => {
  await using stack = new AsyncDisposableStack();
  const stage = await Stage.start(stack);
  const members = await Promise.all(["a", "b", "c", "d"].map((name) => stage.join(name)));
  await stage.until("a", "b", "c", "d");
  const first = stage.acquired; // 200, unless the machine is so busy that one joins late
  ok(first >= 200);
  const e = await stage.join("e");
  await stage.until("a", "b", "c", "d", "e");
  strictEqual(stage.acquired - first, 40);
  await e.ownership.close();
  await stage.until("a", "b", "c", "d");
  strictEqual(stage.acquired - first, 80);
  await members[0]!.primitives.close(); // once its handlers have ended
  await stage.until("b", "c", "d");
  strictEqual(stage.acquired - first, 130);
  deepStrictEqual(stage.violations, []);
  ok(members[1]!.ownership.owned.size >= 66);
});
