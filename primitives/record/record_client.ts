import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { boundedRequest, httpCodeOf, isPassing } from "../requests.ts";
import { pause } from "../waiting.ts";
import {
  type ConfigMapJson,
  objectName,
  RAW_CONFIG_MAPS,
  type RecordDefinition,
  RecordError,
  type Snapshot,
} from "./record_object.ts";
import type { RecordView } from "./record_view.ts";

/** A wait that doubles each time, in milliseconds; it is random below that. */
export interface Waits {
  readonly first: number;
  readonly longest: number;
}

/** The wait after a request that failed. */
export const FAILURE_WAITS: Waits = { first: 100, longest: 2_000 };

/** Sends the requests of one record, and has its view know what is answered. */
export class RecordClient<S> {
  readonly #context: RequestContext;
  readonly #definition: RecordDefinition<S>;
  readonly #view: RecordView<S>;

  /** Nothing is sent yet. */
  constructor(context: RequestContext, definition: RecordDefinition<S>, view: RecordView<S>) {
    this.#context = context;
    this.#definition = definition;
    this.#view = view;
  }

  /** The state as it is now; repeated while it fails on its way, until the signal aborts or all ends. */
  async read(signal: AbortSignal): Promise<Snapshot<S>> {
    for (let failures = 0;; failures++) {
      try {
        return await this.#read(signal);
      } catch (error) {
        const isOver = signal.aborted || this.#context.signal.aborted;
        if (isOver || error instanceof RecordError || !isPassing(error)) throw error;
        this.#context.errors.report(error);
      }
      await this.wait(FAILURE_WAITS, failures, signal);
    }
  }

  /** Sends a write once: a create, or one on condition that the object is as it was read. */
  async write(object: ConfigMapJson, isNew: boolean, signal: AbortSignal): Promise<void> {
    const before = this.#view.known;
    const answer = await this.#send(isNew ? "POST" : "PUT", object, signal);
    this.#view.answered(this.#view.parse(answer), before);
  }

  /** Waits before the next attempt, after so many failures before this one. */
  async wait({ first, longest }: Waits, times: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#context;
    await pause(clock, random() * Math.min(first * 2 ** times, longest), signal);
  }

  async #read(signal: AbortSignal): Promise<Snapshot<S>> {
    const before = this.#view.known;
    try {
      const now = this.#view.parse(await this.#send("GET", undefined, signal));
      this.#view.answered(now, before);
      return now;
    } catch (error) {
      if (httpCodeOf(error) !== 404) throw error;
      return this.#view.answeredAbsent(before);
    }
  }

  async #send(
    method: "GET" | "POST" | "PUT",
    bodyJson: ConfigMapJson | undefined,
    signal: AbortSignal,
  ): Promise<ConfigMapJson> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const object = objectName(this.#definition);
    const verb = { GET: "read", POST: "create", PUT: "write" }[method];
    const doing = `${verb} ConfigMap "${namespace}/${object}"`;
    const name = method === "POST" ? undefined : object;
    const path = resourcePath(RAW_CONFIG_MAPS, { namespace, name });
    return await boundedRequest(
      { method, path, bodyJson: bodyJson as unknown as JSONValue, expectJson: true },
      { client, clock, requestTimeout, doing, signal },
    ) as unknown as ConfigMapJson;
  }
}
