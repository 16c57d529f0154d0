/**
 * Finds out which of many sessions are gone, without a watch for each.
 *
 * Each is known by the version of its Lease. One that has not changed for its `leaseDuration`, by the local
 * monotonic clock from when its last change was observed, and up to a second more that keeps those apart who
 * find out the same, is read, one after another; if it is still that version it is deleted on condition that it is.
 *
 * @module
 */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { type LeaseJson, RAW_LEASES } from "../election/lease_record.ts";
import { boundedRequest, httpCodeOf } from "../requests.ts";

/** The first who looks deletes the Lease, of which the others hear. */
const SPREAD_MS = 1_000;

/** The wait after a request that failed, at most twice that, in milliseconds. */
const FAILURE_WAIT = 2_000;

interface Known {
  readonly lease: LeaseJson;
  /** When it is to be looked at. */
  readonly due: number;
}

/** What is told of sessions that were looked at. */
export interface SessionJudgeListener {
  /** It lives; this is its present Lease. */
  alive(lease: LeaseJson): void;
  /** It is gone. */
  gone(name: string): void;
}

/** See the module's text. */
export class SessionJudge {
  readonly #context: RequestContext;
  readonly #listener: SessionJudgeListener;
  readonly #known = new Map<string, Known>();
  readonly #stop = new AbortController();
  #cancel: (() => void) | undefined;
  #looking: Promise<void> | undefined;

  constructor(context: RequestContext, listener: SessionJudgeListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** Takes notice of a Lease; of an older version than is known it takes none. */
  observe(lease: LeaseJson): void {
    const name = nameOf(lease);
    const known = this.#known.get(name);
    if (known && versionOf(lease) <= versionOf(known.lease)) return;
    const seconds = lease.spec?.leaseDurationSeconds ?? 0;
    const { clock, random, timing } = this.#context;
    const duration = seconds > 0 ? seconds * 1000 : timing.leaseDuration;
    this.#known.set(name, { lease, due: clock.now() + duration + random() * SPREAD_MS });
    this.#arm();
  }

  /** It is gone, as somebody else has found. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  /** Looks no longer. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("It was closed"));
    this.#cancel?.();
    await this.#looking;
  }

  /** One timer for all: it fires when the first may be due, and is set again. */
  #arm(): void {
    if (this.#cancel || this.#looking || this.#stop.signal.aborted || this.#known.size === 0) {
      return;
    }
    let first = Infinity;
    for (const { due } of this.#known.values()) first = Math.min(first, due);
    const { clock } = this.#context;
    this.#cancel = clock.timer(Math.max(0, Math.ceil(first - clock.now())), () => {
      this.#cancel = undefined;
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined;
        this.#arm();
      });
    });
  }

  async #look(): Promise<void> {
    for (const [name, { due }] of [...this.#known]) {
      if (this.#stop.signal.aborted) return;
      // it may have been heard of while another one was looked at
      const known = this.#known.get(name);
      if (due <= this.#context.clock.now() && known?.due === due) await this.#judge(name, known);
    }
  }

  async #judge(name: string, known: Known): Promise<void> {
    const { clock, errors, random } = this.#context;
    try {
      const lease = await this.#send("GET", name);
      if (versionOf(lease) === versionOf(known.lease)) {
        const { uid, resourceVersion } = lease.metadata!;
        await this.#send("DELETE", name, { preconditions: { uid, resourceVersion } });
        this.#gone(name);
      } else {
        this.observe(lease);
        this.#listener.alive(lease);
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const code = httpCodeOf(error);
      if (code === 404) return this.#gone(name);
      if (code !== 409) errors.report(error);
      if (this.#known.get(name) !== known) return;
      const due = clock.now() + FAILURE_WAIT * (1 + random());
      this.#known.set(name, { lease: known.lease, due });
    }
  }

  #gone(name: string): void {
    if (this.#stop.signal.aborted) return;
    this.#known.delete(name);
    this.#listener.gone(name);
  }

  async #send(method: "GET" | "DELETE", name: string, body?: JSONValue): Promise<LeaseJson> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const doing = `${method === "GET" ? "read" : "delete"} Lease "${namespace}/${name}"`;
    const path = resourcePath(RAW_LEASES, { namespace, name });
    return await boundedRequest(
      { method, path, bodyJson: body, expectJson: true },
      { client, clock, requestTimeout, doing, signal: this.#stop.signal },
    ) as LeaseJson;
  }
}

function nameOf(lease: LeaseJson): string {
  return lease.metadata?.name ?? "";
}

function versionOf(lease: LeaseJson): number {
  return Number(lease.metadata?.resourceVersion ?? -1);
}
