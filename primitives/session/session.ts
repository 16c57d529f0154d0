/**
 * Says that this process lives, by a Lease of its own which it renews.
 *
 * Flow: the Lease is created, and replaced by a newer version each `renewInterval`, on condition that it
 * is as it was last seen. The session is lost when `renewDeadline` has passed since the last renewal that
 * succeeded was sent, or when the Lease is gone: somebody has found it dead. It is never taken up again.
 * `close()` deletes the Lease; so does a session that was lost by its deadline, after what it guarded has had
 * the rest of `leaseDuration` to end in. A process that is killed leaves it to those who wait for it, or to
 * the garbage collector, which deletes it with the pod that owns it.
 *
 * Guarantee: while `remainingMs()` is above 0 nobody has a right to take this process for dead, for others
 * count `leaseDuration` from when they observed a renewal, which is after it was sent. Clocks of two processes
 * may run differently by a quarter.
 *
 * @module
 */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { type LeaseJson, RAW_LEASES } from "../election/lease_record.ts";
import { boundedRequest, httpCodeOf, isPassing, isUncertain } from "../requests.ts";
import { pause } from "../waiting.ts";
import { newSessionLease, renewedLease, type SessionInit } from "./session_lease.ts";

/** The wait after a request that failed, at most, in milliseconds. */
const FAILURE_WAIT = 500;

/** How often one that is closed tries to delete its Lease; one that is lost goes on for longer. */
const CLOSE_TRIES = 2;

/** Why what a process held is not its any more: others take it for dead. */
export class SessionLostError extends Error {
  /** Always `"SessionLostError"`. */
  override readonly name = "SessionLostError";
}

/** See the module's text. */
export class Session {
  readonly #context: RequestContext;
  readonly #init: SessionInit;
  readonly #over = new AbortController();
  /** Ends the renewals. */
  readonly #stop = new AbortController();
  #lease: LeaseJson | undefined;
  #isGone = false;
  #deadline = -Infinity;
  #cancelDeadline: () => void = () => {};
  #renewing: Promise<void> = Promise.resolve();

  private constructor(context: RequestContext, init: SessionInit) {
    this.#context = context;
    this.#init = init;
  }

  /** Makes the Lease; resolves when the session has begun. */
  static async begin(
    context: RequestContext,
    init: SessionInit,
    signal: AbortSignal,
  ): Promise<Session> {
    const session = new Session(context, init);
    await session.#create(signal);
    session.#renewing = session.#renew();
    return session;
  }

  /** Name of the Lease, by which others know it. */
  get name(): string {
    return this.#init.name;
  }

  /** Aborts when it is lost, with a {@linkcode SessionLostError}, or closed. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Milliseconds until it is lost unless it is renewed; 0 when it is over. Looking ends one that is overdue. */
  remainingMs(): number {
    if (this.signal.aborted) return 0;
    const left = this.#deadline - this.#context.clock.now();
    if (left > 0) return left;
    this.#lose(`it was not renewed within ${this.#context.timing.renewDeadline} ms`);
    return 0;
  }

  /** Throws the signal's reason when it is over, as `remainingMs()` judges it. */
  throwIfOver(): void {
    this.remainingMs();
    this.signal.throwIfAborted();
  }

  /** Ends it, and deletes the Lease; resolves also if that fails, which is reported: the others find out. */
  async close(): Promise<void> {
    this.#end(new Error(`The session "${this.name}" was closed`));
    await this.#renewing;
    if (!this.#isGone) await this.#delete(CLOSE_TRIES);
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { clock, errors, random } = this.#context;
    signal.throwIfAborted();
    for (let mayExist = false, wait = 0;; wait = FAILURE_WAIT) {
      try {
        if (wait > 0) await pause(clock, random() * wait, signal);
        // its name is random: whoever has created it is this
        this.#lease = mayExist ? await this.#find(signal) : undefined;
        const sentAt = clock.now();
        const lease = this.#lease
          ? await this.#send("PUT", this.#renewal(), signal)
          : await this.#send("POST", newSessionLease(this.#init, this.#context), signal);
        return this.#renewed(lease, sentAt);
      } catch (error) {
        const code = httpCodeOf(error);
        // one that was sent earlier came late, or what was found is gone
        const isRefused = code === 409 || code === 404 && this.#lease !== undefined;
        mayExist ||= isRefused || isUncertain(error);
        if (signal.aborted || !isPassing(error) && !isRefused) {
          if (mayExist) await this.#delete(CLOSE_TRIES);
          throw error;
        }
        errors.report(error);
      }
    }
  }

  async #find(signal: AbortSignal): Promise<LeaseJson | undefined> {
    try {
      return await this.#send("GET", undefined, signal);
    } catch (error) {
      if (httpCodeOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** Deletes the Lease, of which nobody needs to be told; tries so often at most. */
  async #delete(tries: number, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { clock, errors, random, timing } = this.#context;
    const longest = tries === Infinity ? timing.leaseDuration : FAILURE_WAIT;
    for (; tries > 0 && !signal.aborted; tries--) {
      try {
        await this.#send("DELETE", undefined, signal);
        return;
      } catch (error) {
        if (httpCodeOf(error) === 404) return;
        if (!signal.aborted) errors.report(error);
        if (!isPassing(error)) return;
      }
      await pause(clock, random() * longest, signal).catch(() => {});
    }
  }

  async #renew(): Promise<void> {
    const { clock, errors, random, timing } = this.#context;
    const { signal } = this.#stop;
    let wait = timing.renewInterval;
    while (!signal.aborted) {
      try {
        await pause(clock, wait, signal);
        wait = timing.renewInterval;
        this.throwIfOver();
        const sentAt = clock.now();
        this.#renewed(await this.#send("PUT", this.#renewal(), signal), sentAt);
      } catch (error) {
        if (signal.aborted) return;
        const code = httpCodeOf(error);
        if (code === 404) return this.#gone();
        if (code === 409) await this.#reread();
        else errors.report(error);
        wait = random() * Math.min(FAILURE_WAIT, timing.renewInterval);
      }
    }
  }

  /** Somebody has changed a label or the like, or a renewal was stored whose answer was lost. */
  async #reread(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const lease = await this.#find(signal);
      if (lease && lease.metadata?.uid === this.#lease?.metadata?.uid) this.#lease = lease;
      else this.#gone();
    } catch (error) {
      if (!signal.aborted) this.#context.errors.report(error);
    }
  }

  #gone(): void {
    this.#isGone = true;
    this.#lose("its Lease is gone: others took it for dead");
  }

  #renewal(): LeaseJson {
    return renewedLease(this.#lease!, this.#context.clock.date());
  }

  #renewed(lease: LeaseJson, sentAt: number): void {
    this.#lease = lease;
    if (this.signal.aborted) return;
    this.#deadline = sentAt + this.#context.timing.renewDeadline;
    this.#arm();
  }

  /** The deadline is kept also while a request is under way. */
  #arm(): void {
    this.#cancelDeadline();
    const ms = Math.max(0, Math.ceil(this.#deadline - this.#context.clock.now()));
    this.#cancelDeadline = this.#context.clock.timer(ms, () => {
      if (this.remainingMs() > 0) this.#arm(); // a timer may fire early
    });
  }

  #lose(why: string): void {
    if (this.signal.aborted) return;
    this.#end(new SessionLostError(`Cannot hold on to session "${this.name}": ${why}`));
    if (!this.#isGone) this.#context.background.run(this.#bury());
  }

  /** Deletes the Lease of a session that is lost, when what it guarded has had its time to end. */
  async #bury(): Promise<void> {
    const { clock, timing, signal } = this.#context;
    await pause(clock, timing.leaseDuration - timing.renewDeadline, signal).catch(() => {});
    await this.#delete(Infinity, signal);
    if (signal.aborted) await this.#delete(CLOSE_TRIES);
  }

  #end(reason: Error): void {
    this.#cancelDeadline();
    this.#stop.abort(reason);
    if (!this.signal.aborted) this.#over.abort(reason);
  }

  async #send(
    method: "GET" | "POST" | "PUT" | "DELETE",
    bodyJson: LeaseJson | undefined,
    signal: AbortSignal,
  ): Promise<LeaseJson> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const name = method === "POST" ? undefined : this.name;
    const verb = { GET: "read", POST: "create", PUT: "renew", DELETE: "delete" }[method];
    const doing = `${verb} Lease "${namespace}/${this.name}"`;
    const path = resourcePath(RAW_LEASES, { namespace, name });
    return await boundedRequest(
      { method, path, bodyJson: bodyJson as JSONValue, expectJson: true },
      { client, clock, requestTimeout, doing, signal },
    ) as LeaseJson;
  }
}
