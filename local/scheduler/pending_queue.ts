/**
 * Pods that wait for a node. A pod is due, or it was tried in vain and waits for something in
 * the cluster to change; after such a change it is due again when its back-off has passed.
 * The pod of the highest priority comes first, then the one that is due for the longest.
 *
 * @module
 */
import { type Pod, sameJson } from "../objects/mod.ts";
import type { PodInfo } from "./pod_info.ts";

/** First back-off after a vain attempt. It doubles up to {@linkcode MAX_BACKOFF_MS}. */
const MIN_BACKOFF_MS = 100;
/** As the real scheduler's podMaxBackoffSeconds. */
const MAX_BACKOFF_MS = 10_000;

interface Waiting {
  info: PodInfo;
  attempts: number;
  /** When the back-off has passed, by the monotonic clock. */
  notBefore: number;
}

/** Options of {@linkcode PendingQueue}. */
export interface PendingQueueOptions {
  /** Called when a pod is due. */
  readonly onDue: () => void;
  /** Monotonic clock in ms. @default performance.now */
  readonly monotonic?: () => number;
}

/** See the module's text. */
export class PendingQueue {
  readonly #onDue: () => void;
  readonly #monotonic: () => number;
  readonly #pods = new Map<string, Waiting>();
  readonly #due = new Map<number, Set<string>>();
  readonly #failed = new Set<string>();
  readonly #backingOff = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDue = 0;

  /** An empty queue. */
  constructor({ onDue, monotonic = () => performance.now() }: PendingQueueOptions) {
    this.#onDue = onDue;
    this.#monotonic = monotonic;
  }

  /** How many pods wait, due or not. */
  get size(): number {
    return this.#pods.size;
  }

  /** Adds a pod, or takes its new state. One that wants something else now is tried again. */
  put(info: PodInfo): void {
    const waiting = this.#pods.get(info.uid);
    if (!waiting) {
      this.#pods.set(info.uid, { info, attempts: 0, notBefore: 0 });
      this.#makeDue(info);
      return;
    }
    const isSame = sameJson(wishes(waiting.info.pod), wishes(info.pod));
    waiting.info = info;
    if (isSame) return;
    this.#leave(info.uid);
    this.#backOff(info.uid, waiting);
  }

  /** Removes a pod. */
  remove(uid: string): void {
    this.#leave(uid);
    this.#pods.delete(uid);
  }

  /** Takes the next pod that is due. It stays in the queue until `remove` or `fail`. */
  take(): PodInfo | undefined {
    let highest: number | undefined;
    for (const priority of this.#due.keys()) {
      if (highest === undefined || priority > highest) highest = priority;
    }
    if (highest === undefined) return undefined;
    const [uid] = this.#due.get(highest) ?? [];
    if (uid === undefined) return undefined;
    this.#leave(uid);
    return this.#pods.get(uid)?.info;
  }

  /** A pod was tried in vain; `retry` when it may be tried again though nothing changes. */
  fail(uid: string, { retry = false } = {}): void {
    const waiting = this.#pods.get(uid);
    if (!waiting) return;
    this.#leave(uid);
    const backoff = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** waiting.attempts++);
    waiting.notBefore = this.#monotonic() + backoff;
    if (retry) this.#backOff(uid, waiting);
    else this.#failed.add(uid);
  }

  /** Something changed: pods that were tried in vain may find a place now. */
  wake(): void {
    for (const uid of [...this.#failed]) {
      const waiting = this.#pods.get(uid);
      this.#failed.delete(uid);
      if (waiting) this.#backOff(uid, waiting);
    }
  }

  /** Forgets all pods. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pods.clear();
    this.#due.clear();
    this.#failed.clear();
    this.#backingOff.clear();
  }

  #backOff(uid: string, { info, notBefore }: Waiting): void {
    if (notBefore <= this.#monotonic()) return this.#makeDue(info);
    this.#backingOff.add(uid);
    this.#arm(notBefore);
  }

  #makeDue({ uid, pod }: PodInfo): void {
    const priority = pod.spec.priority ?? 0;
    let uids = this.#due.get(priority);
    if (!uids) this.#due.set(priority, uids = new Set());
    uids.add(uid);
    this.#onDue();
  }

  #leave(uid: string): void {
    this.#failed.delete(uid);
    this.#backingOff.delete(uid);
    for (const [priority, uids] of this.#due) {
      if (uids.delete(uid) && uids.size === 0) this.#due.delete(priority);
    }
  }

  /** One timer for all back-offs, at the earliest end. */
  #arm(due: number): void {
    if (this.#timer !== undefined && this.#timerDue <= due) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    const timer = setTimeout(() => {
      // Deno 2.4 runs timers that were cleared in the turn in which they were due.
      if (timer === this.#timer) this.#release();
    }, Math.max(0, due - this.#monotonic()));
    this.#timer = timer;
  }

  #release(): void {
    this.#timer = undefined;
    const now = this.#monotonic();
    let next = Infinity;
    for (const uid of [...this.#backingOff]) {
      const waiting = this.#pods.get(uid);
      if (waiting && waiting.notBefore > now) {
        next = Math.min(next, waiting.notBefore);
        continue;
      }
      this.#backingOff.delete(uid);
      if (waiting) this.#makeDue(waiting.info);
    }
    if (next < Infinity) this.#arm(next);
  }
}

/** What decides where a pod may go; not its status. */
function wishes({ metadata, spec }: Pod): unknown {
  return [metadata.labels, metadata.deletionTimestamp, spec];
}
