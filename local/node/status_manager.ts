/**
 * Tells the API the status of this node's pods.
 *
 * One entry per pod holds the status that should be there; a reconciler writes it by patch, only
 * when it differs from what was written last. While a write is under way later states are merged,
 * so a burst of changes costs two writes. Failures are retried with back-off, and at once when the
 * watch is back. When a deleted pod has ended, its object is removed after its last status.
 */
import { CoreV1Api, type Pod, type PodStatus } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { ApiError, isNotFound, PODS, Reconciler, resourcePath } from "../../kube/mod.ts";
import type { PodRef } from "./runtime.ts";

/** Patches of different pods at the same time. */
const WORKERS = 8;

interface Entry {
  readonly ref: PodRef;
  desired: PodStatus;
  /** The status that the API has, as far as is known: JSON. */
  written: string | undefined;
  /** resourceVersion of our last write: an older object is not news. */
  version: number;
  remove: boolean;
}

/** Writes pods' statuses. */
export class StatusManager implements AsyncDisposable {
  #client: RestClient;
  #entries = new Map<string, Entry>();
  #reconciler: Reconciler;

  /** `onError` hears each failure; the write is tried again. */
  constructor(client: RestClient, options: { onError: (error: Error) => void }) {
    this.#client = client;
    this.#reconciler = new Reconciler((uid, signal) => this.#write(uid, signal), {
      name: "pod status",
      workers: WORKERS,
      onError: (_, error) => options.onError(error as Error),
    });
  }

  /** Says what the status of a pod should be. */
  set(ref: PodRef, desired: PodStatus): void {
    const entry = this.#entries.get(ref.uid);
    if (entry) entry.desired = desired;
    else {
      this.#entries.set(ref.uid, { ref, desired, written: undefined, version: 0, remove: false });
    }
    this.#reconciler.enqueue(ref.uid);
  }

  /** Removes the pod's object, once its status is written. */
  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    entry.remove = true;
    this.#reconciler.enqueue(uid);
  }

  /** The pod is gone: nothing is to be written of it any more. */
  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  /** Compares with what the API says, and writes again what someone else changed. */
  observe(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata?.uid ?? "");
    if (entry?.written === undefined) return;
    if (Number(pod.metadata?.resourceVersion ?? 0) <= entry.version) return;
    if (differs(entry.desired, pod.status)) {
      entry.written = undefined;
      this.#reconciler.enqueue(entry.ref.uid);
    }
  }

  /** Tries at once what waits for its back-off. */
  retry(): void {
    for (const [uid, entry] of this.#entries) {
      if (entry.remove || entry.written !== JSON.stringify(entry.desired)) {
        this.#reconciler.enqueue(uid);
      }
    }
  }

  /** Resolves when nothing is due to be written. */
  idle(): Promise<void> {
    return this.#reconciler.idle();
  }

  /** Stops writing. */
  async close(): Promise<void> {
    await this.#reconciler.close();
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #write(uid: string, abortSignal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    const { namespace, pod: name } = entry.ref;
    const status = entry.desired;
    const json = JSON.stringify(status);
    try {
      if (json !== entry.written) {
        // With the uid, the patch fails if a new pod of this name is there by now.
        const body: Pod = { metadata: { uid }, status };
        const api = new CoreV1Api(this.#client).namespace(namespace);
        const after = await api.patchPodStatus(name, "strategic-merge", body, { abortSignal });
        entry.version = Number(after.metadata?.resourceVersion ?? 0);
        entry.written = json;
      }
      if (entry.remove && entry.desired === status) {
        // The typed client's delete takes no preconditions. The grace stands in the query too: not
        // every way to send a DELETE carries its body.
        await this.#client.performRequest({
          method: "DELETE",
          path: resourcePath(PODS, { namespace, name }),
          querystring: new URLSearchParams({ gracePeriodSeconds: "0" }),
          bodyJson: {
            apiVersion: "v1",
            kind: "DeleteOptions",
            gracePeriodSeconds: 0,
            preconditions: { uid },
          },
          expectJson: true,
          abortSignal,
        });
        this.forget(uid);
      }
    } catch (error) {
      if (isNotFound(error) || isOtherPod(error)) this.forget(uid);
      else throw error;
    }
  }
}

/** Whether a conflict says that the object of that name is another pod by now. */
function isOtherPod(error: unknown): boolean {
  return error instanceof ApiError && [409, 422].includes(error.httpCode) &&
    /\buid\b/i.test(error.message);
}

/** Whether what the API has contradicts what should be there. */
function differs(desired: PodStatus, present: PodStatus | null | undefined): boolean {
  if (desired.phase !== present?.phase) return true;
  if (desired.podIP && desired.podIP !== present?.podIP) return true;
  return (desired.conditions ?? []).some((wanted) => {
    const there = present?.conditions?.find((one) => one.type === wanted.type);
    return there?.status !== wanted.status;
  });
}
