/**
 * Events of pods and of the node, as `kubectl describe` and `kubectl get events` show them.
 *
 * Best effort: an event that cannot be written is dropped. The same event again becomes a count on
 * the first one, written at 1, 2, 4, 8, … so that a probe that fails for hours costs few requests.
 */
import { CoreV1Api, type ObjectReference } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isNotFound } from "../../kube/mod.ts";
import type { Clock } from "./clock.ts";

/** What is told of an object. */
export interface EventText {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** How many different events are counted; the oldest is forgotten first. */
const MAX_KNOWN = 1000;

/** How many may wait to be written; more are dropped. */
const MAX_WAITING = 500;

interface Known {
  readonly name: string;
  readonly first: Date;
  count: number;
}

/** Writes events, one after another. */
export class EventRecorder implements AsyncDisposable {
  #client: RestClient;
  #source: { component: string; host: string };
  #clock: Clock;
  #known = new Map<string, Known>();
  #stop = new AbortController();
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  #serial = 0;

  /** Events are told as coming from `component` on `host`. */
  constructor(
    client: RestClient,
    options: { component: string; host: string; clock: Clock },
  ) {
    this.#client = client;
    this.#source = { component: options.component, host: options.host };
    this.#clock = options.clock;
  }

  /** Records an event; returns at once. */
  record(object: ObjectReference, event: EventText): void {
    if (this.#stop.signal.aborted) return;
    const key = [object.uid, object.fieldPath, event.type, event.reason, event.message].join("\0");
    const known = this.#known.get(key) ?? this.#introduce(key, object);
    known.count++;
    const { count } = known;
    if ((count & (count - 1)) !== 0 || this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#queue = this.#queue.then(async () => {
      this.#waiting--;
      if (this.#stop.signal.aborted) return;
      // Events are for people; the API's state does not depend on them.
      await this.#write(object, event, { known, count }).catch(() => {});
    });
  }

  /** Resolves when what was recorded until now is written or dropped. */
  idle(): Promise<void> {
    return this.#queue;
  }

  /** Stops; what was not written yet is dropped. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#queue;
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #introduce(key: string, object: ObjectReference): Known {
    const first = this.#clock.date();
    const serial = (this.#serial++ % 4096).toString(16).padStart(3, "0");
    const known = {
      name: `${object.name}.${first.getTime().toString(16)}${serial}`,
      first,
      count: 0,
    };
    this.#known.set(key, known);
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }

  async #write(
    object: ObjectReference,
    event: EventText,
    { known, count }: { known: Known; count: number },
  ): Promise<void> {
    const namespace = object.namespace ?? "default";
    const api = new CoreV1Api(this.#client).namespace(namespace);
    const abortSignal = this.#stop.signal;
    const lastTimestamp = this.#clock.date();
    const involved = { metadata: { name: known.name, namespace }, involvedObject: object };
    if (count > 1) {
      const change = { ...involved, count, lastTimestamp };
      try {
        await api.patchEvent(known.name, "json-merge", change, { abortSignal });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error; // else: it expired, or was never written
      }
    }
    await api.createEvent({
      ...involved,
      ...event,
      count,
      firstTimestamp: known.first,
      lastTimestamp,
      source: this.#source,
      reportingComponent: this.#source.component,
      reportingInstance: this.#source.host,
    }, { abortSignal });
  }
}
