import { Coordinator, type RunParams, type Workload } from "../../coordinator/mod.ts";
import { denoImage, type ImageSpec } from "../../local/mod.ts";
import { REAL, startTestCluster } from "./cluster.ts";
import { type Proxied, startProxied } from "./proxied.ts";
import type { Strike } from "./toil_record.ts";
import { toiler } from "./toiler.ts";

/** What a toiler's container runs. */
export const TOILER_IMAGES: Record<string, ImageSpec> = {
  "toiler:1": denoImage(new URL("toiler.ts", import.meta.url), {
    permissions: ["--no-check", "--allow-net", "--allow-env", "--allow-write"],
  }),
};

/** A container that was killed is soon there again. */
export const TOILER_BACKOFF = { initial: 50, max: 200, resetAfter: 1e6 };

/** For how long a connection may be away that was cut, and one that was stalled. */
const CUT_MS = 8_000;
const STALLED_MS = 35_000;
/** Within which of its beginning a fault strikes a connection. */
const WITHIN_MS = 3_000;

/** The workload of the toilers, which write down what they do into that directory. */
export function toilers(replicas: number, dir: string): RunParams {
  return { name: "toiler", image: "toiler:1", replicas, envs: { TOIL_DIR: dir }, grace: 2_000 };
}

/** A coordinator and its toilers, with a network in between that can go wrong. */
export interface ToilScene extends AsyncDisposable {
  readonly workers: Workload<typeof toiler.specs>;
  /** Where toilers write down what they do. */
  readonly dir: string;
  /** Has something befall all connections, if the network is one that it can befall. */
  readonly network: (random: () => number) => Promise<void>;
  /** What befell connections. */
  strikes(): Strike[];
}

/**
 * Starts it. A real control plane without nodes of its own cannot reach our nodes' pods; there connections
 * are direct, and nothing befalls them but that workers are paused.
 */
export async function startToilScene(
  options: { workers: number; seed: number; stalls: number },
): Promise<ToilScene> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "troupe-toil-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const images = TOILER_IMAGES;
  const cluster = stack.use(
    await startTestCluster({ images, nodes: 2, restartBackoff: TOILER_BACKOFF }),
  );
  const began = Date.now();
  const proxied = REAL
    ? undefined
    : stack.use(await startProxied(cluster, { plan: plan(options) }));
  const coordinator = stack.use(
    await Coordinator.create({
      name: "boss",
      namespace: cluster.namespace,
      kubeconfig: (proxied ?? cluster).kubeconfig,
      kinds: ["Deployment"],
      budget: { perSecond: 200, burst: 400 },
      messaging: { via: proxied === undefined ? "direct" : "proxy" },
    }),
  );
  coordinator.onError(() => {}); // that workers are gone for a while is what is done to them
  const workers = await coordinator.run({ ...toilers(options.workers, dir), contract: toiler });
  await workers.ready({ timeout: 120_000 });
  const all: Strike[] = [];
  const moved = stack.move();
  return {
    workers,
    dir,
    network: async (random) => {
      if (proxied !== undefined) all.push(await befall(proxied, random));
    },
    strikes: () => [...all, ...(proxied === undefined ? [] : struck(proxied, began))],
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** What strikes connections to workers one by one. */
function plan({ seed, stalls }: { seed: number; stalls: number }) {
  const match = { path: /\/troupe\/messages/, afterMs: [0, WITHIN_MS] } as const;
  return {
    seed,
    rules: [
      { ...match, fault: "stall", probability: 0.08, limit: stalls },
      { ...match, fault: "cut", probability: 0.15 },
      { ...match, fault: "halfClose", probability: 0.15 },
    ] as const,
  };
}

/** All connections are cut, or pass nothing for a while. */
async function befall({ proxy }: Proxied, random: () => number): Promise<Strike> {
  const from = Date.now();
  if (random() < 0.5) {
    proxy.cut();
    return { kind: "cut", from, to: from + CUT_MS };
  }
  proxy.stall();
  await new Promise((resolve) => setTimeout(resolve, 300 + random() * 2_700));
  proxy.resume();
  return { kind: "stall", from, to: Date.now() };
}

/** The connections that the plan has struck. */
function struck({ proxy }: Proxied, began: number): Strike[] {
  return proxy.record.flatMap(({ action, path, at }): Strike[] => {
    const pod = /\/pods\/(?:https?:)?([^:/]+):/.exec(path ?? "")?.[1];
    if (pod === undefined || (action !== "cut" && action !== "stall" && action !== "halfClose")) {
      return [];
    }
    const from = began + at;
    const away = action === "stall" ? STALLED_MS : CUT_MS;
    return [{ kind: action, pod, from, to: from + WITHIN_MS + away }];
  });
}
