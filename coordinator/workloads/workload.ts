import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type MergePatch, ObjectApi, type WritableKind } from "../../kube/mod.ts";
import type { AnyReflector, ClusterView, NamespaceView } from "../cluster_view.ts";
import type { PodState } from "../events/events.ts";
import { headState } from "../events/head_state.ts";
import { podState } from "../events/pod_state.ts";
import type { Head, HeadKind } from "../heads.ts";
import { fieldManager, LABELS } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { Tenure } from "../leadership/tenure.ts";
import { prepareScaleDown } from "../supervision/deletion_cost.ts";
import { waitFor, withDeadline } from "../wait.ts";
import type { Definition } from "./definition/mod.ts";
import { withReplicasOf } from "./deploy.ts";
import { explainWorkload } from "./explain.ts";
import type { Decision, FencedTarget, FencedWriter } from "./fenced_writer.ts";
import { type CheckedRunParams, checkReplicas } from "./run_params.ts";
import { isSeed } from "./seed.ts";
import type { SerialWrites } from "./serial_writes.ts";

/** How long `ready()` and `delete()` wait if they are not told, in milliseconds. */
const DEFAULT_TIMEOUT = 300_000;

/** Options of what waits for the cluster. */
export interface WaitForWorkloadOptions {
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal;
  /**
   * Milliseconds to wait at most.
   * @default 300_000
   */
  timeout?: number;
}

/** Options of {@linkcode Workload.scale}. */
export interface ScaleOptions {
  /**
   * Whether a worker has nothing to do. It is asked of every worker if they are to be fewer; from
   * Kubernetes 1.22 on idle ones go first.
   * @default none has
   */
  idle?: (pod: PodState) => boolean | Promise<boolean>;
}

/** What was last applied for a workload in this term; shared by all its handles. */
export interface Applied {
  params: CheckedRunParams;
  /** What it should be, with the number of workers that it was scaled to. */
  definition: Definition;
  /** The newest state that is known. */
  head: Head;
  /** The generation that was written, which `ready()` waits for. */
  generation: number;
  /** Whether it was seen to be deleted. */
  deleted: boolean;
  /** What drift was told last, if drift is only told. */
  reported: string | undefined;
}

/** What a handle needs of its coordinator. */
export interface WorkloadContext {
  readonly client: RestClient;
  readonly coordinator: string;
  readonly view: ClusterView;
  readonly tenure: Tenure;
  readonly writer: FencedWriter;
  /** Aborts when the coordinator has stopped. */
  readonly life: AbortSignal;
  /** What was applied, by key. */
  readonly applied: Map<string, Applied>;
  /** The order of what is written, by key. */
  readonly writes: SerialWrites;
  /** Uids of heads whose deletion was asked for; a copy that lags may still show them. */
  readonly deleted: Set<string>;
  /** Declares a workload no more. */
  readonly forget: (key: string) => void;
}

/** Tells workloads apart, and is the key of the Deployment in a store. */
export function workloadKey({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

/** A handle of a workload; what `Coordinator.run` and `Coordinator.workload` return. */
export class Workload {
  readonly #target: { readonly name: string; readonly namespace: string };
  readonly #context: WorkloadContext;

  /** @ignore made by `Coordinator.run` */
  constructor({ name, namespace }: { name: string; namespace: string }, context: WorkloadContext) {
    this.#target = { name, namespace };
    this.#context = context;
  }

  /** The workload's name. */
  get name(): string {
    return this.#target.name;
  }

  /** The workload's namespace. */
  get namespace(): string {
    return this.#target.namespace;
  }

  /**
   * Resolves when all that was last applied runs and is ready, and nothing older is left; for what
   * runs to completion, when it has completed. Works before `start()` and on a follower too.
   *
   * @throws {DOMException} named `TimeoutError`, saying what is not ready and why
   * @throws {Error} when it was deleted, when it can never become ready, or when a role does not
   *   allow to watch it
   */
  async ready(options: WaitForWorkloadOptions = {}): Promise<void> {
    const view = this.#view();
    let seen: string | undefined;
    await this.#within(
      "not ready",
      options,
      (signal) =>
        waitFor(this.#reflectors(view), signal, () => {
          const found = this.#find();
          const applied = this.#context.applied.get(workloadKey(this));
          if (isGone(found, { seen, applied })) {
            throw new Error(`Cannot wait for "${this.name}": it was deleted`);
          }
          if (found === undefined || isSeed(found)) return undefined;
          seen = found.metadata?.uid ?? undefined;
          if (applied !== undefined && seen !== applied.head.metadata?.uid) return undefined;
          if ((found.metadata?.generation ?? 0) < (applied?.generation ?? 0)) return undefined;
          return headState(found).ready || undefined;
        }),
    );
  }

  /**
   * Changes how many workers run, and nothing else. Resolves when the change is stored; wait with
   * `ready()`. If they become fewer, those go first that are idle, then the youngest; of a workload
   * with identity those with the highest numbers.
   *
   * @throws {TypeError} when it is no integer from 0 up, or the workload has no number of workers
   * @throws {NotLeadingError} when another coordinator leads
   * @throws {Error} when the workload was deleted
   */
  async scale(replicas: number, options: ScaleOptions = {}): Promise<void> {
    const checked = checkReplicas(replicas);
    await this.#change("scale", (live) => {
      if (live.kind !== "Deployment" && live.kind !== "StatefulSet") {
        throw new TypeError(
          `Cannot scale "${this.name}": it is a ${live.kind}, which has no number of workers`,
        );
      }
      return live.spec?.replicas === checked ? undefined : { spec: { replicas: checked } };
    }, (live, signal) => this.#prepareScaleDown(live, checked, { ...options, signal }));
  }

  /**
   * Deletes the workload; resolves when all of it is gone, its pods included, and also when it was
   * gone before.
   *
   * @throws {DOMException} named `TimeoutError`, saying what is still there
   * @throws {NotLeadingError} when another coordinator leads
   */
  async delete(options: WaitForWorkloadOptions = {}): Promise<void> {
    const view = this.#view();
    const watched = this.#reflectors(view);
    await this.#within("not gone", options, async (signal) => {
      const deleted = await this.remove(signal);
      for (const head of deleted) await this.#gone(head, signal);
      await waitFor(watched, signal, () => {
        const found = this.#find();
        const isAnother = found !== undefined && !deleted.some((head) => isSame(head, found));
        return isAnother || (found === undefined && this.#states(view).length === 0) || undefined;
      });
    });
  }

  /** @ignore Has the workload deleted; resolves with the heads that will be gone. */
  async remove(signal: AbortSignal = this.#context.life): Promise<Head[]> {
    const { applied, tenure, writer, writes, forget } = this.#context;
    const key = workloadKey(this);
    return await writes.add(key, signal, async () => {
      const mandate = tenure.require(`delete "${this.name}"`);
      const view = this.#view();
      await waitFor(this.#reflectors(view), signal, () => true);
      const heads = new Map<HeadKind, Head>();
      for (const [kind, { store }] of view.heads) {
        const seen = store.get(key);
        if (seen !== undefined) heads.set(kind, seen);
      }
      const last = applied.get(key);
      if (last !== undefined && !last.deleted) heads.set(last.head.kind, last.head);
      forget(key); // from here on its absence is right
      const deleted: Head[] = [];
      for (const [kind, seen] of heads) {
        await writer.write(this.#targetOf(kind), mandate, (live): Decision<Head> => {
          if (live === undefined || !this.#isOwn(live)) return undefined;
          deleted.push(live);
          this.#context.deleted.add(live.metadata?.uid ?? "");
          if (live.metadata?.deletionTimestamp != null) return undefined;
          return { verb: "delete", propagation: "Foreground" }; // gone only when its pods are
        }, { signal, seen });
      }
      return deleted;
    });
  }

  /**
   * The workload's pods as they are now, in the order of their names. Works before `start()` too;
   * then, and while the connection is down for the first time, it waits for the first list.
   */
  async pods(options: { signal?: AbortSignal } = {}): Promise<PodState[]> {
    const view = this.#view();
    const signal = AbortSignal.any(this.#signals(options.signal));
    return await waitFor([view.pods], signal, () => this.#states(view));
  }

  /** Lets the workers go first that should. */
  async #prepareScaleDown(
    head: Head,
    keep: number,
    { idle, signal }: ScaleOptions & { signal: AbortSignal },
  ): Promise<void> {
    if (head.kind !== "Deployment" || (head.spec?.replicas ?? 1) <= keep) return;
    const { client, coordinator } = this.#context;
    const pods = [...this.#view().pods.store.values()]
      .filter((pod) => pod.metadata?.labels?.[LABELS.workload] === this.name);
    await prepareScaleDown(pods, {
      client,
      namespace: this.namespace,
      fieldManager: fieldManager(coordinator),
      keep,
      idle: idle && ((pod) => idle(podState(pod))),
      signal,
    });
  }

  /** Changes the head as `decide` says, when it is this workload's turn. */
  async #change(
    what: string,
    decide: (live: Head) => MergePatch | undefined,
    prepare?: (live: Head, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { applied, life, tenure, view, writer, writes } = this.#context;
    const key = workloadKey(this);
    await writes.add(key, life, async () => {
      const mandate = tenure.require(`${what} "${this.name}"`);
      const last = applied.get(key);
      const gone = () => new Error(`Cannot ${what} "${this.name}": it was deleted`);
      if (last?.deleted) throw gone();
      await waitFor(this.#reflectors(this.#view()), life, () => true);
      const seen = last?.head ?? view.head(this.namespace, this.name);
      if (seen === undefined) throw gone();
      await prepare?.(seen, AbortSignal.any([mandate.signal, life]));
      const stored = await writer.write(this.#targetOf(seen.kind), mandate, (live) => {
        if (live === undefined || !isSame(live, seen)) throw gone();
        const patch = decide(live);
        return patch && { verb: "merge", patch };
      }, { signal: life, seen });
      if (stored !== undefined) noteStored(last, stored);
    });
  }

  /**
   * @ignore Changes the head for supervision, when it is this workload's turn; resolves with what is
   * stored, or with nothing if there is no head.
   */
  async amend(mandate: Mandate, decide: (live: Head) => MergePatch): Promise<Head | undefined> {
    const { applied, life, view, writer, writes } = this.#context;
    const key = workloadKey(this);
    return await writes.add(key, life, async () => {
      const last = applied.get(key);
      const seen = last?.head ?? view.head(this.namespace, this.name);
      if (seen === undefined || last?.deleted) return undefined;
      const stored = await writer.write(this.#targetOf(seen.kind), mandate, (live) => {
        const isThere = live !== undefined && isSame(live, seen);
        return isThere ? { verb: "merge", patch: decide(live) } : undefined;
      }, { signal: life, seen });
      if (stored === undefined || !isSame(stored, seen)) return undefined;
      noteStored(last, stored);
      return stored;
    });
  }

  /** Resolves when a head is gone from the server, whatever a copy that lags shows. */
  async #gone(head: Head, signal: AbortSignal): Promise<void> {
    const { client } = this.#context;
    const { kind, namespace, name } = this.#targetOf(head.kind);
    const heads = this.#view().heads.get(head.kind)!;
    const isSeen = (): boolean => {
      const seen = heads.store.get(workloadKey(this));
      return seen !== undefined && isSame(seen, head);
    };
    const api = new ObjectApi(client, kind, namespace);
    while (true) {
      await waitFor([heads], signal, () => !isSeen() || undefined);
      const live = await api.get(name, { signal });
      if (live === undefined || !isSame(live, head)) return;
      await waitFor([heads], signal, () => isSeen() || undefined); // the copy lags
    }
  }

  #view(): NamespaceView {
    this.#context.life.throwIfAborted();
    return this.#context.view.namespace(this.namespace);
  }

  /** The reflectors that tell of this workload. */
  #reflectors({ pods, heads }: NamespaceView): AnyReflector[] {
    const applied = this.#context.applied.get(workloadKey(this));
    const known = applied && heads.get(applied.head.kind);
    return [pods, ...(known ? [known] : heads.values())];
  }

  #targetOf(kind: HeadKind): FencedTarget<Head> {
    const heads = this.#view().heads.get(kind)!;
    return { kind: heads.kind as WritableKind<Head>, ...this.#target };
  }

  #isOwn({ metadata }: Head): boolean {
    return metadata?.labels?.[LABELS.coordinator] === this.#context.coordinator;
  }

  #signals(signal: AbortSignal | undefined): AbortSignal[] {
    return signal === undefined ? [this.#context.life] : [signal, this.#context.life];
  }

  /** Works within the time that `options` give; `state` tells what it is when that is over. */
  #within<T>(
    state: string,
    options: WaitForWorkloadOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeout = DEFAULT_TIMEOUT } = options;
    return withDeadline({
      what: this.name,
      timeout,
      signals: this.#signals(options.signal),
      onTimeout: () => {
        const view = this.#view();
        const why = explainWorkload(this.#reflectors(view), this.#find(), this.#states(view));
        return new DOMException(
          `Cannot wait longer for "${this.name}": ${state} after ${timeout / 1000} s, ${why}`,
          "TimeoutError",
        );
      },
    }, work);
  }

  #find(): Head | undefined {
    return this.#context.view.head(this.namespace, this.name);
  }

  #states({ pods }: NamespaceView): PodState[] {
    return [...pods.store.values()]
      .filter((pod) => pod.metadata?.labels?.[LABELS.workload] === this.name)
      .map((pod) => podState(pod))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }
}

function isSame(a: Head, b: Head): boolean {
  return a.kind === b.kind && a.metadata?.uid === b.metadata?.uid;
}

/** What was changed by us is no drift. */
function noteStored(last: Applied | undefined, stored: Head): void {
  if (last === undefined) return;
  last.head = stored;
  last.generation = stored.metadata?.generation ?? 0;
  last.definition = { ...last.definition, head: withReplicasOf(last.definition.head, stored) };
}

/** Whether what was waited for will not come back. */
function isGone(
  found: Head | undefined,
  { seen, applied }: { seen: string | undefined; applied: Applied | undefined },
): boolean {
  if (applied?.deleted) return true;
  if (found === undefined) return seen !== undefined;
  const expected = applied?.head.metadata?.uid ?? seen ?? found.metadata?.uid;
  return found.metadata?.uid === expected && found.metadata?.deletionTimestamp != null;
}
