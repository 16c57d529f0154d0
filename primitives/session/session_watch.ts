/**
 * Finds out whether somebody else's session still lives.
 *
 * Flow: its Lease is watched. If that has not changed for its `leaseDuration`, counted by the local
 * monotonic clock from when its last change was observed, it is read again, for the watch may be late;
 * if it is still the same version, it is deleted on condition that it is. So death is one event that all
 * see in the same way: the Lease is gone. Whoever finds it gone first, the others learn of it by the watch.
 *
 * Cost: a list and a watch; a read per `leaseDuration` if the watch is broken; at the end a read and a delete.
 *
 * @module
 */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { type Change, Reflector, resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { type LeaseJson, RAW_LEASES } from "../election/lease_record.ts";
import { boundedRequest, httpCodeOf } from "../requests.ts";

/** The wait after a request that failed, at most, in milliseconds. */
const FAILURE_WAIT = 2_000;

/** See the module's text. It looks from its construction until it is closed. */
export class SessionWatch {
  readonly #context: RequestContext;
  readonly #name: string;
  readonly #gone = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  readonly #reflector: Reflector<LeaseJson>;
  #seen: LeaseJson | undefined;
  #cancel: () => void = () => {};

  /** For the session whose Lease has that name. */
  constructor(context: RequestContext, name: string) {
    const { client, namespace, random, errors } = context;
    this.#context = context;
    this.#name = name;
    const fieldSelector = `metadata.name=${name}`;
    const backoff = { minBackoff: 100, maxBackoff: 5_000 };
    this.#reflector = new Reflector(client, RAW_LEASES, {
      namespace,
      fieldSelector,
      random,
      ...backoff,
    });
    this.#reflector.onChange((change) => this.#watched(change));
    this.#reflector.onError((error) => errors.report(error));
    this.#reflector.onState((state) => {
      // a list is of the present: of what is gone already no change is told
      if (state === "synced" && this.#reflector.store.size === 0) this.#gone.resolve();
    });
    this.#reflector.start();
    this.#check(context.timing.leaseDuration); // also if the watch never comes to anything
  }

  /** Resolves when the session is gone. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Looks no longer. */
  async close(): Promise<void> {
    this.#cancel();
    this.#stop.abort(new Error("The watch was closed"));
    await this.#reflector.close();
  }

  #watched({ type, object }: Change<LeaseJson>): void {
    if (type === "deleted") this.#gone.resolve();
    else this.#observe(object);
  }

  #observe(lease: LeaseJson): void {
    const version = (it: LeaseJson | undefined) => Number(it?.metadata?.resourceVersion ?? -1);
    if (this.#stop.signal.aborted || version(lease) <= version(this.#seen)) return;
    this.#accept(lease);
  }

  #accept(lease: LeaseJson): void {
    this.#seen = lease;
    const seconds = lease.spec?.leaseDurationSeconds ?? 0;
    this.#check(seconds > 0 ? seconds * 1000 : this.#context.timing.leaseDuration);
  }

  #check(ms: number): void {
    this.#cancel();
    this.#cancel = this.#context.clock.timer(ms, () => void this.#look());
  }

  /** Reads the Lease, and deletes it if it is still as it was when it was last seen to change. */
  async #look(): Promise<void> {
    const before = this.#seen;
    try {
      const lease = await this.#send("GET");
      if (this.#seen !== before) return; // the watch was faster
      const isSame = before?.metadata?.resourceVersion === lease.metadata?.resourceVersion;
      if (!isSame) return this.#accept(lease); // also a lower one, of a cluster that was restored
      const { uid, resourceVersion } = lease.metadata!;
      await this.#send("DELETE", { preconditions: { uid, resourceVersion } });
      this.#gone.resolve();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const code = httpCodeOf(error);
      if (code === 404) return this.#gone.resolve();
      if (code !== 409) this.#context.errors.report(error);
      if (this.#seen === before) this.#check(this.#context.random() * FAILURE_WAIT);
    }
  }

  async #send(method: "GET" | "DELETE", body?: JSONValue): Promise<LeaseJson> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const doing = `${method === "GET" ? "read" : "delete"} Lease "${namespace}/${this.#name}"`;
    const { signal } = this.#stop;
    return await boundedRequest(
      {
        method,
        path: resourcePath(RAW_LEASES, { namespace, name: this.#name }),
        bodyJson: body,
        expectJson: true,
      },
      { client, clock, requestTimeout, doing, signal },
    ) as LeaseJson;
  }
}
