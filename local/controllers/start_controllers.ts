/**
 * Starts and stops all controllers.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isAlreadyExists, isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  CRON_JOBS,
  discoverKinds,
  EventRecorder,
  Informers,
  ObjectClient,
  type ServedKind,
} from "../objects/mod.ts";
import {
  type ControllerContext,
  jobCache,
  podCache,
  replicaSetCache,
  revisionCache,
} from "./context.ts";
import { cronJobController } from "./cron_job.ts";
import { daemonSetController } from "./daemon_set.ts";
import { deploymentController } from "./deployment.ts";
import { garbageCollector } from "./garbage_collector.ts";
import { jobController } from "./job.ts";
import { namespaceController } from "./namespace.ts";
import { nodeLifecycleController } from "./node_lifecycle.ts";
import { podGarbageCollector } from "./pod_gc.ts";
import { replicaSetController } from "./replica_set.ts";
import { serviceAccountController } from "./service_account.ts";
import { statefulSetController } from "./stateful_set.ts";
import { taintEvictionController } from "./taint_eviction.ts";
import { volumeBinder } from "./volume_binder.ts";

/** Options of {@linkcode startControllers}. */
export interface ControllersOptions {
  /** Gives up starting, and closes what was started. */
  signal?: AbortSignal;
  /**
   * Ms after which a node that is silent is taken for lost. A real control plane waits 40 s.
   *
   * @default 8_000
   */
  nodeGracePeriod?: number;
  /**
   * Ms that pods stay on a lost node, in the place of the 300 s that API servers write into
   * every pod. `Infinity` keeps what the pods say.
   *
   * @default 5_000
   */
  podEvictionTimeout?: number;
  /**
   * Ms that a node must be gone before its pods are removed. A real control plane waits 40 s.
   *
   * @default 2_000
   */
  orphanedPodGrace?: number;
  /**
   * Ended pods that are kept.
   *
   * @default 12_500
   */
  terminatedPodLimit?: number;
  /**
   * Ms that a Job waits after a pod has failed before it makes another; each further failure
   * doubles it, up to 6 minutes. A real control plane waits 10 s.
   *
   * @default 1_000
   */
  jobBackoff?: number;
  /**
   * Hears what fails; it is tried again.
   *
   * @default nobody
   */
  onError?: (controller: string, key: string, error: unknown) => void;
  /**
   * Wall clock in ms, for the times that are written.
   *
   * @default Date.now
   */
  now?: () => number;
  /**
   * Monotonic clock in ms, for the times that are measured.
   *
   * @default performance.now
   */
  monotonic?: () => number;
}

/** The running controllers. */
export class Controllers implements AsyncDisposable {
  readonly #reconcilers: readonly Reconciler[];
  readonly #events: EventRecorder;
  readonly #informers: Informers;
  readonly #onAbort: () => void;
  readonly #signal: AbortSignal | undefined;

  /** Made by {@linkcode startControllers}. */
  constructor(
    parts: { reconcilers: readonly Reconciler[]; events: EventRecorder; informers: Informers },
    signal?: AbortSignal,
  ) {
    this.#reconcilers = parts.reconcilers;
    this.#events = parts.events;
    this.#informers = parts.informers;
    this.#signal = signal;
    this.#onAbort = () => void this.close();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Resolves when no controller has anything to do now. */
  async idle(): Promise<void> {
    await Promise.all(this.#reconcilers.map((reconciler) => reconciler.idle()));
    await this.#events.settled();
  }

  /** Stops at once: ends requests and watches and resolves when nothing is left. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    // The caches end at the same time, so that nobody goes on waiting for them.
    await Promise.all([
      ...this.#reconcilers.map((reconciler) => reconciler.close()),
      this.#events.close(),
      this.#informers.close(),
    ]);
  }

  /** As {@linkcode Controllers.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts the controllers of a cluster: deployments, replica sets, stateful and daemon sets, Jobs,
 * CronJobs, volumes, garbage collection, namespaces, the life cycle of nodes, eviction, pod garbage
 * and service accounts. Resolves when they know the present state and act on it.
 *
 * @throws What `signal` was aborted with, or what the API server refuses to tell.
 */
export async function startControllers(
  rest: RestClient,
  options: ControllersOptions = {},
): Promise<Controllers> {
  const { signal, podEvictionTimeout = 5_000, onError = () => {} } = options;
  const client = new ObjectClient(rest);
  // Before anything else, as it says what there is to watch.
  const served = await discoverKinds(rest, { signal });

  const report = (name: string, key: string, error: unknown) => {
    // a lagging cache is no failure: the next pass knows better
    if (!isConflict(error) && !isNotFound(error) && !isAlreadyExists(error)) {
      onError(name, key, error);
    }
  };
  const informers = new Informers(rest, {
    onError: (kind, error) => onError(`watch of ${kind.plural}`, "", error),
  });
  const events = new EventRecorder(client, "troupe-controllers", { now: options.now });
  const synced = Promise.withResolvers<void>();
  const context: ControllerContext = {
    client,
    informers,
    events,
    pods: podCache(informers),
    sets: replicaSetCache(informers),
    revisions: revisionCache(informers),
    synced: synced.promise,
    now: options.now ?? Date.now,
    monotonic: options.monotonic ?? (() => performance.now()),
    onError: report,
  };

  // All of them listen before the first list, so that they hear of everything.
  const reconcilers = [
    deploymentController(context),
    replicaSetController(context),
    statefulSetController(context),
    daemonSetController(context),
    volumeBinder(context),
    nodeLifecycleController(context, { nodeGracePeriod: options.nodeGracePeriod ?? 8_000 }),
    taintEvictionController(context, {
      podEvictionTimeout: podEvictionTimeout === Infinity ? undefined : podEvictionTimeout,
    }),
    podGarbageCollector(context, {
      orphanedPodGrace: options.orphanedPodGrace ?? 2_000,
      terminatedPodLimit: options.terminatedPodLimit ?? 12_500,
    }),
    ...batchControllers(context, { served, jobBackoff: options.jobBackoff ?? 1_000 }),
    namespaceController(context, { served }),
    serviceAccountController(context),
    // Last: it keeps only the metadata of kinds that no one before it asked for.
    garbageCollector(context, { served }),
  ];
  const controllers = new Controllers({ reconcilers, events, informers }, signal);
  try {
    await informers.start(signal);
    synced.resolve();
  } catch (error) {
    synced.reject(error);
    await controllers.close();
    throw error;
  }
  return controllers;
}

/** Jobs and CronJobs; servers that do not serve both in this version are too old for either. */
function batchControllers(
  context: ControllerContext,
  { served, jobBackoff }: { served: readonly ServedKind[]; jobBackoff: number },
): Reconciler[] {
  const { apiVersion, kind } = CRON_JOBS;
  if (!served.some((one) => one.apiVersion === apiVersion && one.kind === kind)) return [];
  const jobs = jobCache(context.informers);
  return [
    ...jobController(context, { jobs, backoffBase: jobBackoff }),
    cronJobController(context, { jobs }),
  ];
}
