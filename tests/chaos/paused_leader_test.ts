// The leader is paused for longer than its lease at each write that it makes, and the write arrives
// after the next leader has taken over and written.
import { deepStrictEqual, ok } from "node:assert/strict";
import { AppsV1Api, type Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { FaultPlan } from "../../testing/mod.ts";
import { type Cast, IDLER, startCast } from "../support/cast.ts";
import { type Proxied, startProxied } from "../support/proxied.ts";
import type { ReplicaConfig } from "../support/replica.ts";
import { until } from "../support/until.ts";

const LEASE = 1_000;
/** For how long the write is held back at least, in milliseconds: enough to pause who makes it. */
const HOLD = 2_000;
/** For what takes as long as an election may take on a busy machine. */
const PATIENCE = { timeout: 120_000 };
/** Within which a write arrives that is held back no more, and is answered. */
const ARRIVAL = 500;

/** A write of a leader, as the proxy sees it, and how it comes to be made. */
interface Write {
  what: string;
  method: string;
  path: RegExp;
  /** How many of the same kind come before it. @default 0 */
  skip?: number;
  /** What the leader that is paused is told beside the others. */
  replica?: Partial<ReplicaConfig>;
  /** What comes before it is there. */
  before?: (cast: Cast) => Promise<void>;
  /** What makes it write, once it leads; only then the plan is in force. */
  cause?: (cast: Cast) => Promise<unknown>;
}

/** The writes of a leader's beginning and of its work. */
const WRITES: Write[] = [
  { what: "the check of a new head", method: "POST", path: /\/deployments\?.*dryRun/ },
  {
    what: "the creation of the first head",
    method: "POST",
    path: /\/deployments\?fieldManager=[^&]*$/,
  },
  { what: "the creation of its part", method: "POST", path: /\/serviceaccounts/ },
  { what: "the first apply", method: "PATCH", path: /\/deployments\/worker/ },
  {
    what: "the creation of the second head",
    method: "POST",
    path: /\/deployments\?fieldManager=[^&]*$/,
    skip: 1,
  },
  { what: "an apply in its work", method: "PATCH", path: /\/deployments\/ticker/, skip: 3 },
  { what: "a later apply in its work", method: "PATCH", path: /\/deployments\/ticker/, skip: 8 },
  { what: "a renewal of the lease", method: "PUT", path: /\/leases\//, skip: 2 },
  {
    what: "the claim of a head that an earlier leader made",
    method: "PATCH",
    path: /\/deployments\/worker/,
    before: afterAnother,
  },
  {
    what: "the claim of another such head",
    method: "PATCH",
    path: /\/deployments\/ticker/,
    before: afterAnother,
  },
  {
    what: "a change of the number of workers",
    method: "PATCH",
    path: /\/deployments\/scaled\?(?!.*force)/,
    skip: 1,
    replica: {
      runs: [{ ...IDLER, replicas: 1 }, { ...IDLER, name: "scaled", replicas: 0 }],
      scaler: { name: "scaled", every: 200 },
    },
  },
  {
    what: "a deletion",
    method: "DELETE",
    path: /\/deployments\/worker/,
    replica: { deletes: "worker" },
  },
  {
    what: "a repair of drift",
    method: "PATCH",
    path: /\/deployments\/worker/,
    // what is declared can drift, and nothing else; this touches no pod
    replica: { runs: [{ ...IDLER, replicas: 1, progressDeadline: 600_000 }] },
    cause: (cast) => {
      const spec = { progressDeadlineSeconds: 60 } as Deployment["spec"];
      return apps(cast).patchDeployment("worker", "json-merge", { spec });
    },
  },
  {
    what: "a repair of a deletion",
    method: "POST",
    path: /\/deployments\?fieldManager=[^&]*$/,
    cause: (cast) => apps(cast).deleteDeployment("worker"),
  },
];

for (const write of WRITES) {
  Deno.test(`a leader that is paused at ${write.what} writes nothing more`, async () => {
    const { method, path, skip = 0, replica, before, cause } = write;
    await using cast = await startCast({ workers: 1, leaseDuration: LEASE, tick: 100 });
    await before?.(cast);
    const plan: FaultPlan = {
      rules: [{ fault: "hold", method, path, skip, limit: 1, ms: HOLD }],
    };
    await using proxied = await startProxied(cast.cluster, cause === undefined ? { plan } : {});
    const paused = cast.add({ ...replica, kubeconfig: proxied.kubeconfig });
    if (cause !== undefined) {
      await until("its work", () => written(cast, paused.token()) > 5, PATIENCE);
      proxied.proxy.use(plan);
      await cause(cast);
    }
    await until("the write", () => isHeld(proxied), PATIENCE);
    Deno.kill(paused.pid, "SIGSTOP");
    proxied.proxy.stall(); // until the next one has written
    const heldAt = performance.now();
    const deleted = cast.audit.deleted.length;
    try {
      const token = cast.token();
      const next = cast.add();
      await until("the next one to lead", () => next.token() > token, PATIENCE);
      await until("the next one to write", () => written(cast, next.token()) > 2, PATIENCE);
      proxied.proxy.resume();
      const arrived = Math.max(performance.now(), heldAt + HOLD) + ARRIVAL;
      await until("the late write", () => performance.now() > arrived);
    } finally {
      Deno.kill(paused.pid, "SIGCONT");
    }
    await until("the paused one to follow", () => {
      return paused.token() === 0 || paused.lines().some(({ line }) => line === "lost");
    }, PATIENCE);
    const soFar = cast.audit.states.length;
    await until("further writes", () => cast.audit.states.length > soFar + 5, PATIENCE);
    deepStrictEqual(cast.violations(), []);
    ok(!cast.audit.deleted.slice(deleted).includes("worker"), "a late deletion was accepted");
    ok(cast.audit.states.length > 0);
  });
}

/** Another one has led, and has ended. */
async function afterAnother(cast: Cast): Promise<void> {
  const earlier = cast.add();
  await until("its work", () => written(cast, earlier.token()) > 5, PATIENCE);
  await earlier.stop("SIGTERM");
  cast.drop(earlier);
}

function isHeld({ proxy }: Proxied): boolean {
  return proxy.record.some(({ action }) => action === "hold");
}

function written(cast: Cast, token: number): number {
  return cast.audit.states.filter(({ term }) => term === token).length;
}

function apps(cast: Cast): ReturnType<AppsV1Api["namespace"]> {
  return new AppsV1Api(cast.cluster.admin).namespace(cast.cluster.namespace);
}
