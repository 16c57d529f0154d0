/**
 * Creates and deletes the pods of an owner.
 *
 * Each write is awaited in the cache before the owner is looked at again (expectations). Pods are
 * created in batches that double, so that what cannot work fails once and not hundreds of times.
 *
 * @module
 */
import { isConflict, isNotFound } from "../../kube/mod.ts";
import { type Draft, isDeleting, type Item, type Note, type Pod, PODS } from "../objects/mod.ts";
import type { ControllerContext } from "./context.ts";
import type { Expectations } from "./expectations.ts";
import { isNamespaceEnding } from "./namespace_ending.ts";

/** Pods in the first batch; each next one is twice as large. */
const FIRST_BATCH = 1;

/** Requests under way at the same time for one owner. */
const PARALLEL = 32;

/** Why pods could not be created or deleted, as conditions and Events say it. */
export interface PodFailure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly message: string;
}

/** How far it came. */
export interface PodsWritten {
  /** Pods that were written. */
  readonly count: number;
  /** What failed, if anything did. */
  readonly failed?: { readonly error: unknown; readonly failure: PodFailure };
}

/** What was done, or failed, for an owner. */
export interface PodAttempt {
  readonly verb: "create" | "delete";
  /** The pod's name; of a failed batch, that of its first pod. */
  readonly name: string;
  /** Why it failed, if it did. */
  readonly error?: string;
}

/** What {@linkcode PodControl} works with. */
export interface PodControlOptions {
  readonly expectations: Expectations;
  /** Who tells the Events, such as `replicaset-controller`. */
  readonly source: string;
  /** Words the Events. @default "Created pod: …", "Error creating: …" and so on */
  readonly say?: (owner: Item, attempt: PodAttempt) => string;
}

/** See the module's text. */
export class PodControl {
  readonly #context: ControllerContext;
  readonly #expectations: Expectations;
  readonly #source: string;
  readonly #say: (owner: Item, attempt: PodAttempt) => string;

  /** Writes with the client of `context` and reads its cache. */
  constructor(context: ControllerContext, options: PodControlOptions) {
    const { expectations, source, say = (_, attempt) => usualText(attempt) } = options;
    this.#context = context;
    this.#expectations = expectations;
    this.#source = source;
    this.#say = say;
  }

  /** Creates pods up to the first batch with a failure. */
  async create(owner: Item, drafts: readonly Draft[], signal: AbortSignal): Promise<PodsWritten> {
    let [batch, count] = [FIRST_BATCH, 0];
    while (count < drafts.length) {
      const part = drafts.slice(count, count + batch);
      const errors = await inParallel(part, (draft) => this.#createOne(owner, draft, signal));
      const [error] = errors;
      if (error !== undefined) {
        const written = { count: count + part.length - errors.length };
        if (isNamespaceEnding(error)) return written;
        const [{ metadata: { name, generateName } }] = part as [Draft];
        const attempt = { verb: "create", name: name ?? generateName ?? "", error } as const;
        return { ...written, failed: this.#failed(owner, attempt, signal) };
      }
      [batch, count] = [batch * 2, count + part.length];
    }
    return { count };
  }

  /** Deletes pods, all that can be. */
  async remove(owner: Item, pods: readonly Pod[], signal: AbortSignal): Promise<PodsWritten> {
    const errors = await inParallel(pods, (pod) => this.#removeOne(owner, pod, signal));
    const count = pods.length - errors.length;
    if (errors.length === 0) return { count };
    const [{ metadata: { name } }] = pods as [Pod];
    const attempt = { verb: "delete", name, error: errors[0] } as const;
    return { count, failed: this.#failed(owner, attempt, signal) };
  }

  #failed(
    owner: Item,
    { error, ...attempt }: Omit<PodAttempt, "error"> & { readonly error: unknown },
    signal: AbortSignal,
  ) {
    const reason: PodFailure["reason"] = attempt.verb === "create"
      ? "FailedCreate"
      : "FailedDelete";
    const text = error instanceof Error ? error.message : String(error);
    const message = this.#say(owner, { ...attempt, error: text });
    if (!signal.aborted) this.#tell(owner, { type: "Warning", reason, message });
    return { error, failure: { reason, message } };
  }

  async #createOne(owner: Item, object: Draft, signal: AbortSignal): Promise<void> {
    const { client, pods } = this.#context;
    await this.#expectations.during(owner.metadata.uid, async () => {
      const pod = await client.write({ verb: "create", kind: PODS, object }, { signal });
      const message = this.#say(owner, { verb: "create", name: pod.metadata.name });
      this.#tell(owner, { type: "Normal", reason: "SuccessfulCreate", message });
      return pod.metadata;
    }, { deletion: false, isSeen: (key) => pods.get(key) !== undefined });
  }

  async #removeOne(owner: Item, pod: Pod, signal: AbortSignal): Promise<void> {
    const { client, pods } = this.#context;
    const { uid, namespace, name } = pod.metadata;
    await this.#expectations.during(owner.metadata.uid, async () => {
      try {
        const target = { namespace, name };
        await client.write({ verb: "delete", kind: PODS, target, options: { uid } }, { signal });
        const message = this.#say(owner, { verb: "delete", name });
        this.#tell(owner, { type: "Normal", reason: "SuccessfulDelete", message });
      } catch (error) {
        // gone already, or another pod has the name: the cache will hear of it
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
      return pod.metadata;
    }, {
      deletion: true,
      isSeen(key) {
        const now = pods.get(key);
        return now?.metadata.uid !== uid || isDeleting(now);
      },
    });
  }

  #tell(about: Item, note: Pick<Note, "type" | "reason" | "message">): void {
    this.#context.events.record({ about, source: this.#source, ...note });
  }
}

function usualText({ verb, name, error }: PodAttempt): string {
  if (error !== undefined) return `Error ${verb === "create" ? "creating" : "deleting"}: ${error}`;
  return `${verb === "create" ? "Created" : "Deleted"} pod: ${name}`;
}

/** Does all of it, some at the same time, and returns what failed. */
export async function inParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<unknown[]> {
  const errors: unknown[] = [];
  const waiting = items.values();
  async function worker(): Promise<void> {
    for (const item of waiting) {
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
  return errors;
}
