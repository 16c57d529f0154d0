/**
 * Gives each pod that has no node one.
 *
 * Flow: pods and nodes come from watches into the cluster's state and the queue of waiting
 * pods. One loop takes the pods that are due one after another, finds each a node, and counts
 * it there at once; the bindings are then written side by side, and taken back if they fail.
 * A pod that finds no node says so in its status and waits until a node or a pod changes.
 * `close()` ends watches and requests; bindings that are under way are not awaited to succeed.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isConflict, isNotFound } from "../../kube/mod.ts";
import {
  conditionOf,
  EventRecorder,
  type Informer,
  Informers,
  isDeleting,
  isTerminal,
  type Namespace,
  NAMESPACES,
  NODES,
  ObjectClient,
  type Pod,
  PODS,
  timestamp,
  withCondition,
} from "../objects/mod.ts";
import { ClusterState } from "./cluster_state.ts";
import { PendingQueue } from "./pending_queue.ts";
import { Placer } from "./placement.ts";
import { type PodInfo, podInfo } from "./pod_info.ts";

/** Options of {@linkcode startScheduler}. */
export interface SchedulerOptions {
  /** Gives up starting, and closes what was started. */
  signal?: AbortSignal;
  /**
   * Pods that name this scheduler, or none, are its own.
   *
   * @default "default-scheduler"
   */
  name?: string;
  /** Hears what fails; it is tried again. @default nobody */
  onError?: (key: string, error: unknown) => void;
  /** Decides between equally good nodes, 0 ≤ x < 1. @default Math.random */
  random?: () => number;
}

/** Bindings under way at the same time. */
const PARALLEL = 32;

/** After so many ms of placing pods, watches and answers get their turn. */
const SLICE_MS = 8;

/** The running scheduler. */
export class Scheduler implements AsyncDisposable {
  readonly #client: ObjectClient;
  readonly #events: EventRecorder;
  readonly #informers: Informers;
  readonly #pods: Informer<Pod>;
  readonly #namespaces: Informer<Namespace>;
  readonly #options: SchedulerOptions;
  readonly #name: string;
  readonly #state = new ClusterState();
  readonly #queue = new PendingQueue({ onDue: () => this.#pump() });
  readonly #placer: Placer;
  readonly #stop = new AbortController();
  readonly #writing = new Set<Promise<void>>();
  readonly #onAbort = (): void => void this.close();
  #placing: Promise<void> | undefined;
  #synced = false;

  /** Made by {@linkcode startScheduler}. */
  constructor(rest: RestClient, options: SchedulerOptions) {
    this.#options = options;
    this.#name = options.name ?? "default-scheduler";
    this.#client = new ObjectClient(rest);
    this.#events = new EventRecorder(this.#client, this.#name);
    this.#informers = new Informers(rest, {
      onError: (kind, error) => this.#report(`watch of ${kind.plural}`, error),
    });
    this.#pods = this.#informers.of(PODS);
    this.#namespaces = this.#informers.of(NAMESPACES);
    this.#placer = new Placer({
      random: options.random,
      labelsOf: (namespace) => this.#namespaces.get(namespace)?.metadata.labels,
    });
  }

  /** Begins; resolves when the present state is known. */
  async start(): Promise<void> {
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#informers.of(NODES).onChange(({ type, object }) => {
      const node = type === "deleted" ? undefined : object;
      if (this.#state.updateNode(object.metadata.name, node)) this.#queue.wake();
    });
    this.#pods.onChange(({ type, object }) => this.#hear(object, type === "deleted"));
    await this.#informers.start(signal);
    this.#synced = true;
    this.#pump();
  }

  /** Resolves when all pods that are due have been tried, and it is written what came of it. */
  async idle(): Promise<void> {
    while (this.#placing || this.#writing.size > 0) {
      await this.#placing;
      await Promise.all(this.#writing);
    }
    await this.#events.settled();
  }

  /** Stops at once: ends requests and watches and resolves when nothing is left. */
  async close(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#stop.abort(new DOMException("The scheduler was closed", "AbortError"));
    this.#queue.close();
    await Promise.all([this.#informers.close(), this.#events.close(), this.#placing]);
    await Promise.all(this.#writing);
  }

  /** As {@linkcode Scheduler.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #hear(pod: Pod, gone: boolean): void {
    if (this.#state.updatePod(pod, { gone })) this.#queue.wake();
    if (gone || !this.#isWaiting(pod)) this.#queue.remove(pod.metadata.uid);
    else if (!this.#state.isPlaced(pod.metadata.uid)) this.#queue.put(podInfo(pod));
  }

  #isWaiting(pod: Pod): boolean {
    const { nodeName, schedulerName, schedulingGates } = pod.spec;
    return !nodeName && !isDeleting(pod) && !isTerminal(pod) &&
      (schedulerName ?? this.#name) === this.#name && !schedulingGates?.length;
  }

  /** Sees to it that pods are placed, while there are some that are due. */
  #pump(): void {
    if (!this.#synced || this.#stop.signal.aborted) return;
    this.#placing ??= this.#placeAll();
  }

  async #placeAll(): Promise<void> {
    await undefined; // so that a change is taken in completely before it is acted upon
    let began = performance.now();
    try {
      while (!this.#stop.signal.aborted) {
        if (this.#writing.size >= PARALLEL) await Promise.race(this.#writing);
        if (performance.now() - began > SLICE_MS) {
          await new Promise((resolve) => setTimeout(resolve));
          began = performance.now();
        }
        const pod = this.#queue.take();
        if (!pod) return;
        this.#place(pod);
      }
    } finally {
      // in the same turn as the last look at the queue, or a pod that comes now is forgotten
      this.#placing = undefined;
    }
  }

  #place(pod: PodInfo): void {
    const placement = this.#placer.place(pod, this.#state.nodes);
    if ("node" in placement) {
      const { name } = placement.node;
      this.#state.assume(pod, name);
      this.#write(pod, (signal) => this.#bind(pod, name, signal));
    } else {
      this.#queue.fail(pod.uid);
      const { message } = placement;
      if (isSaid(pod.pod, message)) return;
      this.#write(pod, (signal) => this.#tell(pod, message, signal));
    }
  }

  #write(pod: PodInfo, work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#stop;
    const writing = work(signal).catch((error) => {
      // changed or gone meanwhile: the cache will bring the present state
      if (signal.aborted || isConflict(error) || isNotFound(error)) return;
      this.#report(pod.key, error);
    }).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #bind(pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = pod.pod.metadata;
    try {
      await this.#client.post(PODS, { namespace, name }, {
        subresource: "binding",
        body: {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name, namespace, uid },
          target: { apiVersion: "v1", kind: "Node", name: nodeName },
        },
        signal,
      });
    } catch (error) {
      this.#state.forget(uid);
      this.#queue.fail(uid, { retry: true });
      this.#queue.wake();
      throw error;
    }
    this.#queue.remove(uid);
    this.#events.record({
      about: pod.pod,
      type: "Normal",
      reason: "Scheduled",
      action: "Binding",
      message: `Successfully assigned ${pod.key} to ${nodeName}`,
    });
  }

  /** Writes into the pod's status why it has no node. */
  async #tell({ key, pod }: PodInfo, message: string, signal: AbortSignal): Promise<void> {
    const present = this.#pods.get(key) ?? pod;
    const before = conditionOf(present.status?.conditions, "PodScheduled");
    const lastTransitionTime = before?.status === "False"
      ? before.lastTransitionTime
      : timestamp(Date.now());
    const conditions = withCondition(present.status?.conditions ?? [], {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime,
    });
    const object = { ...present, status: { ...present.status, conditions } };
    await this.#client.write({ verb: "update", kind: PODS, object, subresource: "status" }, {
      signal,
    });
    this.#events.record({
      about: pod,
      type: "Warning",
      reason: "FailedScheduling",
      action: "Scheduling",
      message,
    });
  }

  #report(key: string, error: unknown): void {
    this.#options.onError?.(key, error);
  }
}

function isSaid({ status }: Pod, message: string): boolean {
  const condition = conditionOf(status?.conditions, "PodScheduled");
  return condition?.status === "False" && condition.message === message;
}

/**
 * Starts a scheduler; resolves when it knows the present state and acts on it.
 *
 * @throws What `signal` was aborted with.
 */
export async function startScheduler(
  rest: RestClient,
  options: SchedulerOptions = {},
): Promise<Scheduler> {
  const scheduler = new Scheduler(rest, options);
  try {
    await scheduler.start();
  } catch (error) {
    await scheduler.close();
    throw error;
  }
  return scheduler;
}
