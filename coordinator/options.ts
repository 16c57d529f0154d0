import { z } from "zod";
import type { ClusterConfig } from "../kube/mod.ts";
import type { TimingOptions } from "../primitives/mod.ts";
import { checkOptions, dnsLabel, dnsName, instance, namespaceName } from "../runtime/mod.ts";
import type { WatchOptions } from "./cluster_view.ts";
import { type HealthOptions, healthOptions } from "./health/health_options.ts";
import { HEAD_KINDS, type HeadKind } from "./heads.ts";

/** How long handlers may go on after the first SIGTERM: less than a pod's 30 s. */
const DEFAULT_GRACE = 25_000;

const AT_MOST_A_DAY = 24 * 60 * 60 * 1000;
const milliseconds = z.number().min(0).max(AT_MOST_A_DAY).describe("milliseconds from 0 to a day");
const wait = z.number().positive().max(AT_MOST_A_DAY);
const path = z.string().min(1);
const ALL_KINDS = Object.keys(HEAD_KINDS) as [HeadKind, ...HeadKind[]];

const schema = z.strictObject({
  name: dnsLabel(63),
  namespace: namespaceName.optional(),
  owner: dnsName.optional(),
  namespaces: z.array(namespaceName).optional().describe("a list of namespaces, each a DNS label"),
  kubeconfig: path.optional().describe("the path of a file"),
  context: path.optional().describe("the name of a context in the kubeconfig"),
  config: instance<ClusterConfig>("a ClusterConfig").optional(),
  grace: milliseconds.default(DEFAULT_GRACE),
  election: z.union([
    z.boolean(),
    z.strictObject({
      name: dnsName.optional(),
      identity: z.string().min(1).optional(),
      leaseDuration: z.int().min(1000).max(AT_MOST_A_DAY).optional(),
      renewDeadline: wait.optional(),
      renewInterval: wait.optional(),
    }),
  ]).default(false).describe(
    "true, false, or { name, identity, leaseDuration, renewDeadline, renewInterval }, the last three " +
      "in milliseconds",
  ),
  kinds: z.array(z.enum(ALL_KINDS)).min(1).default([...ALL_KINDS])
    .describe(
      `a list of ${ALL_KINDS.map((kind) => `"${kind}"`).join(", ")}`,
    ),
  prune: z.boolean().default(false).describe("true or false"),
  budget: z.strictObject({ perSecond: z.number().positive(), burst: z.number().min(1) }).optional()
    .describe("{ perSecond, burst }, perSecond more than 0 and burst at least 1"),
  watch: z.strictObject({
    idleTimeout: wait.optional(),
    staleAfter: wait.optional(),
    minBackoff: wait.optional(),
    maxBackoff: wait.optional(),
    pageSize: z.int().min(1).optional(),
  }).optional().describe(
    "{ idleTimeout, staleAfter, minBackoff, maxBackoff }, each more than 0 and at most a day in " +
      "milliseconds, and { pageSize }, an integer from 1",
  ),
  health: healthOptions.optional(),
  primitives: z.strictObject({
    leaseDuration: z.number().optional(),
    renewDeadline: z.number().optional(),
    renewInterval: z.number().optional(),
    requestTimeout: z.number().optional(),
  }).optional().describe(
    "{ leaseDuration, renewDeadline, renewInterval, requestTimeout }, each in milliseconds",
  ),
  messaging: z.strictObject({
    via: z.enum(["auto", "direct", "proxy"]).describe('"auto", "direct" or "proxy"').default(
      "auto",
    ),
    tls: z.boolean().describe("true or false").default(false),
  }).default({ via: "auto", tls: false }).describe("{ via, tls }"),
  signal: z.instanceof(AbortSignal).optional().describe("an AbortSignal"),
});

/** Options of `Coordinator.create`. */
export interface CoordinatorOptions {
  /**
   * The coordinator's name: a DNS label of at most 63 characters. Objects that it makes carry it,
   * and by it a coordinator that is started again finds them.
   */
  name: string;
  /**
   * Where it runs workloads that name no namespace.
   * @default the namespace of the kubeconfig's context, else `"default"`
   */
  namespace?: string;
  /**
   * Further namespaces to watch from the start on. One that `run` names is watched anyway.
   * @default none
   */
  namespaces?: string[];
  /**
   * Name of a Deployment in `namespace`, such as the coordinator's own, with whose deletion the
   * workloads are deleted too. Workloads in other namespaces cannot have it.
   * @default none: workloads outlive the coordinator
   */
  owner?: string;
  /**
   * Path of a kubeconfig.
   * @default `KUBECONFIG`, else `~/.kube/config`, else the pod's service account
   */
  kubeconfig?: string;
  /**
   * Context of the kubeconfig.
   * @default its current one
   */
  context?: string;
  /** The cluster itself, in place of a kubeconfig. */
  config?: ClusterConfig;
  /**
   * How long handlers may go on when the coordinator is stopped, in milliseconds.
   * @default 25_000
   */
  grace?: number;
  /**
   * Whether this is one of several replicas, of which one leads: they stand for election on a Lease
   * named `troupe-<coordinator>` in `namespace`. Only the leader changes the cluster and calls
   * handlers.
   * @default false: it is alone, and leads
   */
  election?: boolean | ElectionSettings;
  /**
   * Kinds of objects that workloads may become, and so what its Role must allow.
   * @default all
   */
  kinds?: HeadKind[];
  /**
   * Whether the leader deletes, when it begins, what carries the coordinator's label and was not run
   * by this program before `start()`.
   * @default false
   */
  prune?: boolean;
  /**
   * How many requests it may send, retries included.
   * @default { perSecond: 20, burst: 40 }
   */
  budget?: { perSecond: number; burst: number };
  /** How its watches behave: idle and stale times, waits, page size. */
  watch?: WatchOptions;
  /**
   * Where it answers probes (`/livez`, `/readyz`) and Prometheus (`/metrics`).
   * @default nowhere
   */
  health?: HealthOptions;
  /** How it talks to workers with a contract. */
  messaging?: MessagingSettings;
  /**
   * How long others believe in what it holds by `primitives()`.
   * @default those of `Primitives.create`
   */
  primitives?: TimingOptions;
  /** Stops the coordinator when it aborts. */
  signal?: AbortSignal;
}

/** How a coordinator talks to workers with a contract. */
export interface MessagingSettings {
  /**
   * The way to a worker: directly to its pod's address; by the API server's pod proxy, which needs
   * `pods/proxy`: `get`; or `auto`: directly from a pod of the cluster and to pods on this machine, else by
   * the proxy.
   * @default "auto"
   */
  via?: "auto" | "direct" | "proxy";
  /**
   * Whether messages are encrypted: the coordinator makes certificates, and its workers and their peers
   * are talked to by TLS only, at a port of their own. Who runs without it is replaced by a rollout, and
   * is not talked to until then.
   * @default false
   */
  tls?: boolean;
}

/** How replicas of a coordinator elect the one that leads. */
export interface ElectionSettings {
  /**
   * Name of the Lease.
   * @default "troupe-" and the coordinator's name
   */
  name?: string;
  /**
   * Tells this replica from all others, also from one that is started again in the same pod.
   * @default the host's name, which is the pod's, and a random part
   */
  identity?: string;
  /**
   * Milliseconds, in whole seconds, after which a leader that died is succeeded. Shorter finds a
   * death sooner, longer survives longer outages of the API server.
   * @default 8_000
   */
  leaseDuration?: number;
  /**
   * Milliseconds for which a leader goes on without a renewal; less than `leaseDuration`.
   * @default three quarters of `leaseDuration`
   */
  renewDeadline?: number;
  /**
   * Milliseconds between renewals, which are the only writes in a steady state.
   * @default a quarter of `leaseDuration`
   */
  renewInterval?: number;
}

/** Options that were checked and have their defaults. */
export type CheckedCoordinatorOptions = CoordinatorOptions & {
  grace: number;
  election: boolean | ElectionSettings;
  kinds: HeadKind[];
  prune: boolean;
  messaging: Required<MessagingSettings>;
};

/**
 * Checks the options.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkCoordinatorOptions(options: CoordinatorOptions): CheckedCoordinatorOptions {
  const checked = checkOptions(schema, options, { purpose: "Cannot create coordinator" });
  if (checked.config && (checked.kubeconfig ?? checked.context) !== undefined) {
    throw new TypeError(
      'Cannot create coordinator: "config" was given together with "kubeconfig" or "context", ' +
        "allowed is one of them",
    );
  }
  return checked;
}
