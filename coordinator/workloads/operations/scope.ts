import type { WritableKind } from "../../../kube/mod.ts";
import { anySignal } from "../../../runtime/mod.ts";
import type { AnyReflector, NamespaceView } from "../../cluster_view.ts";
import type { PodState } from "../../events/events.ts";
import { podState } from "../../events/pod_state.ts";
import type { Head, HeadKind } from "../../heads.ts";
import { LABELS } from "../../labels.ts";
import { withDeadline } from "../../wait.ts";
import { newest } from "../head_facts.ts";
import { explainWorkload } from "../explain.ts";
import type { FencedTarget } from "../fenced_writer.ts";
import { type Applied, type WorkloadContext, workloadKey } from "../workload_context.ts";

/** How long an operation waits if it is not told, in milliseconds. */
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

/** One workload, as operations see it: what is known of it, and how it is waited for. */
export class Scope {
  /** The workload's name. */
  readonly name: string;
  /** The workload's namespace. */
  readonly namespace: string;
  /** What the coordinator lends. */
  readonly context: WorkloadContext;

  /** Of the workload of that name. */
  constructor(target: { name: string; namespace: string }, context: WorkloadContext) {
    this.name = target.name;
    this.namespace = target.namespace;
    this.context = context;
  }

  /** Its key among all workloads. */
  get key(): string {
    return workloadKey(this);
  }

  /** What was last applied for it in this term, if anything was. */
  get applied(): Applied | undefined {
    return this.context.applied.get(this.key);
  }

  /**
   * What is seen of its namespace.
   *
   * @throws {Error} when the coordinator has stopped
   */
  view(): NamespaceView {
    this.context.life.throwIfAborted();
    return this.context.view.namespace(this.namespace);
  }

  /** The reflectors that tell of it. */
  reflectors(): AnyReflector[] {
    const { pods, heads } = this.view();
    const known = this.applied && heads.get(this.applied.head.kind);
    return [pods, ...(known ? [known] : heads.values())];
  }

  /** Its head as it was last seen or, if that is newer, as this coordinator wrote it. */
  find(): Head | undefined {
    const seen = this.context.view.head(this.namespace, this.name);
    const { applied } = this;
    return applied === undefined || applied.deleted ? seen : newest(seen, applied.head);
  }

  /** Its pods as they were last seen, in the order of their names. */
  pods(): PodState[] {
    return [...this.view().pods.store.values()]
      .filter((pod) => pod.metadata?.labels?.[LABELS.workload] === this.name)
      .map((pod) => podState(pod))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Where its head is written, if it is of that kind. */
  targetOf(kind: HeadKind): FencedTarget<Head> {
    const heads = this.view().heads.get(kind)!;
    const { name, namespace } = this;
    return { kind: heads.kind as WritableKind<Head>, name, namespace };
  }

  /** A signal that aborts when one of these does or the coordinator has stopped. */
  signal(...others: (AbortSignal | undefined)[]): AbortSignal {
    return anySignal([this.context.life, ...others.filter((other) => other !== undefined)]);
  }

  /** Works within the time that `options` give; `state` tells what it is when that is over. */
  within<T>(
    state: string,
    options: WaitForWorkloadOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeout = DEFAULT_TIMEOUT, signal } = options;
    return withDeadline({
      what: this.name,
      timeout,
      signals: [this.signal(signal)],
      onTimeout: () =>
        new DOMException(
          `Cannot wait longer for "${this.name}": ${state} after ${timeout / 1000} s, ` +
            this.explain(),
          "TimeoutError",
        ),
    }, work);
  }

  /** What is there of it, and for what is not ready why. */
  explain(): string {
    return explainWorkload(this.reflectors(), this.find(), this.pods());
  }
}

/** Whether two states are of one object. */
export function isSame(a: Head, b: Head): boolean {
  return a.kind === b.kind && a.metadata?.uid === b.metadata?.uid;
}
