import { z } from "zod";
import { type Change, PODS, Reflector } from "../../kube/mod.ts";
import { checkOptions, DNS_NAME } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import { type LeaseJson, RAW_LEASES } from "../election/lease_record.ts";
import { bounded, type WaitOptions } from "../waiting.ts";
import { GROUP_LABEL, type Member, type MemberInit, type Presence, presenceOf } from "./member.ts";
import { Membership } from "./membership.ts";
import { isReady, type WatchedPod } from "./pod_readiness.ts";
import { SessionJudge } from "./session_judge.ts";

/** Longest value of a label. */
const MAX_LABEL = 63;
const MAX_OBJECT_NAME = 253;

/** The watches are what tells of changes: they come back soon. */
const WATCH_BACKOFF = { minBackoff: 100, maxBackoff: 5_000 };

/** Options of `Primitives.discovery`. */
export interface DiscoveryOptions {
  /**
   * The workload whose pods the members run in: they are there only while these are ready.
   * @default none, pods are not looked at
   */
  workload?: string;
  /**
   * Ends it when it aborts.
   * @default none
   */
  signal?: AbortSignal;
}

/** Who came or went, or says something else. */
export interface DiscoveryEvent {
  /** What happened. */
  readonly type: "joined" | "changed" | "left";
  /** As it is now; who left, as it was. */
  readonly member: Member;
}

const schema = z.strictObject({
  workload: z.string().max(MAX_LABEL).regex(DNS_NAME).optional().describe("a workload's name"),
  signal: z.instanceof(AbortSignal).optional().describe("an AbortSignal"),
});
const initSchema = z.strictObject({
  address: z.string().optional().describe("a string"),
  data: z.record(z.string(), z.string()).optional().describe("strings by name"),
});

/**
 * Tells who is there: the processes that have joined a group, and live.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const cache = primitives.discovery("cache");
 * await using mine = await cache.join({ address: "10.0.0.7:8080", data: { zone: "a" } });
 * const remove = cache.onChange(({ type, member }) => console.log(`${member.identity} ${type}`));
 * for await (const members of cache) { // at once when they are known, then with each change
 *   if (members.some(({ id }) => id === mine.id)) break;
 * }
 * console.log(cache.members.map(({ address }) => address));
 * remove();
 * ```
 *
 * ## Flow
 *
 * `join` makes a session of its own for the group: a Lease `troupe-session-…`, with a label for the group and an
 * annotation for what the member says of itself, which is renewed each `renewInterval` (2 s). Who looks
 * watches all Leases with that label. One that has not changed for `leaseDuration` (8 s), by the local monotonic
 * clock from when its last change was observed, is read again, for the watch may be late, and deleted on condition
 * that it is unchanged: so one finds out, and all hear. With `{ workload }` the pods of that workload are watched
 * too, and a member is there only while its pod is ready and not being deleted.
 *
 * So a process is there while its pod is ready, as Kubernetes finds, *and* it lives, as it says itself: a
 * process that stands still is found gone in 9 s though its node and probes know nothing of it.
 *
 * ## Guarantees
 *
 * - Each change that lasts long enough to be observed is told: who came, who went, whose words changed; who went
 *   while the watch was down too. A loop that is slow hears the newest state.
 * - A member that is killed is gone for all within `leaseDuration` and a second; one that leaves, at once.
 * - A member that lost its session (it was stopped, or the server was away for 6 s) joins again by itself,
 *   with another `id`.
 * - No clocks are compared, and a watch that is late or broken costs time: nobody is found gone by it.
 *
 * ## Assumptions and caveats
 *
 * - It is told what was so: a member may be gone when it is called, or there and not yet known. To let each key have
 *   one owner take `ShardedOwnership`.
 * - Who is cut off from the API server keeps what it knew last, as nothing tells it more; `stale` says so.
 * - Of two who look one may know of a change earlier; they agree when all is quiet.
 * - With `workload` only members that run in pods are there: a process knows its pod by `POD_NAME`, `POD_UID` and
 *   `POD_NAMESPACE`, which a coordinator's workers have.
 *
 * ## Errors
 *
 * Failed requests, and Leases that are no members', go to `Primitives.onError`. `join` rejects when a permission is
 * missing. It needs for `leases` `create`, `get`, `list`, `watch`, `update` and `delete`, and with `workload` for `pods` `list`
 * and `watch`.
 *
 * ## Cost
 *
 * n members send n writes each 2 s, and who looks nothing in steady state: two lists and two watches (one of each
 * without `workload`) at the start; it hears n events each 2 s. A death costs a read and a delete, rarely more.
 *
 * `Primitives.discovery` makes it.
 */
export class Discovery implements AsyncDisposable, AsyncIterable<readonly Member[]> {
  readonly #context: PrimitiveContext;
  readonly #name: string;
  readonly #sessions: Reflector<LeaseJson>;
  readonly #pods: Reflector<WatchedPod> | undefined;
  readonly #judge: SessionJudge;
  readonly #present = new Map<string, Presence>();
  /** Who was found gone before the watch has told of it. */
  readonly #dead = new Set<string>();
  readonly #readyPods = new Set<string>();
  /** What was told. */
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<(event: DiscoveryEvent) => unknown>();
  readonly #wakers = new Set<() => void>();
  readonly #memberships = new Set<Membership>();
  readonly #stop = new AbortController();
  #isKnown = false;
  #version = 0;
  #closing: Promise<void> | undefined;
  #unlink: () => void = () => {};

  /**
   * Begins to look.
   *
   * @throws {TypeError} naming each bad option, what was given and what is allowed
   */
  constructor(context: PrimitiveContext, name: string, options: DiscoveryOptions = {}) {
    const purpose = `Cannot discover who is there`;
    const { workload } = checkOptions(schema, options, { purpose });
    this.#name = checkName("discovery", name, MAX_OBJECT_NAME - MAX_LABEL);
    this.#context = context;
    const { client, errors, namespace, random } = context;
    const signals = [context.signal, ...options.signal ? [options.signal] : []];
    for (const signal of signals) signal.throwIfAborted();
    const common = { namespace, random, ...WATCH_BACKOFF };
    const labelSelector = `${GROUP_LABEL}=${name}`;
    this.#sessions = new Reflector(client, RAW_LEASES, { ...common, labelSelector });
    this.#sessions.onChange((change) => this.#sessionChanged(change));
    if (workload !== undefined) {
      const labelSelector = `troupe.dev/workload=${workload}`;
      this.#pods = new Reflector<WatchedPod>(client, PODS, { ...common, labelSelector });
      this.#pods.onChange((change) => this.#podChanged(change));
    }
    this.#judge = new SessionJudge(context, {
      alive: (lease) => this.#appear(lease),
      gone: (id) => {
        this.#dead.add(id);
        this.#vanish(id);
      },
    });
    const onAbort = () => context.background.run(this.close());
    for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
    this.#unlink = () => {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    };
    for (const reflector of this.#reflectors) {
      reflector.onError((error) => errors.report(error));
      reflector.start();
    }
    Promise.all(this.#reflectors.map((it) => it.synced())).then(() => this.#know(), () => {});
  }

  /** The group's name. */
  get name(): string {
    return this.#name;
  }

  /** Who is there, as last told; nobody before anything is known. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Whether what is known may be out of date: nothing is known yet, or a watch is broken. */
  get stale(): boolean {
    return !this.#isKnown || this.#reflectors.some((it) => it.health.state !== "synced");
  }

  /**
   * Joins the group, and stays in it, until the membership is left or this is closed.
   *
   * @throws {TypeError} naming what is wrong with what is said
   * @throws {RangeError} when it is more than 4 KiB
   */
  async join(init: MemberInit = {}, options: WaitOptions = {}): Promise<Membership> {
    const said = checkOptions(initSchema, init, { purpose: `Cannot join "${this.#name}"` });
    const { clock } = this.#context;
    const doing = `join "${this.#name}"`;
    const life = this.#stop.signal;
    return await bounded({ ...options, clock, doing, life }, async (signal) => {
      const joined = await Membership.join(this.#context, {
        group: this.#name,
        init: said,
        signal,
        left: (it) => this.#memberships.delete(it),
      });
      this.#memberships.add(joined);
      if (life.aborted) await joined.leave(); // it was closed while an answer came
      life.throwIfAborted();
      return joined;
    });
  }

  /**
   * Calls `listener` with each member that is known, as joined, and then with each change; returns what removes
   * it. What it throws is reported.
   */
  onChange(listener: (event: DiscoveryEvent) => unknown): () => void {
    const own = (event: DiscoveryEvent) => listener(event);
    this.#listeners.add(own);
    for (const member of this.#members.values()) this.#call(own, { type: "joined", member });
    return () => void this.#listeners.delete(own);
  }

  /** Who is there, as soon as that is known, and again with each change, until this is closed. */
  async *[Symbol.asyncIterator](): AsyncIterator<readonly Member[], void> {
    const { signal } = this.#stop;
    let told = -1;
    while (!signal.aborted) {
      if (this.#isKnown && told !== this.#version) {
        told = this.#version;
        yield this.members;
      } else await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }

  /** Leaves, and looks no longer; loops end. Resolves when nothing is left open. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as {@linkcode Discovery.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#unlink();
    this.#stop.abort(new Error(`The discovery of "${this.#name}" was closed`));
    this.#wake();
    const closed = [...this.#reflectors.map((it) => it.close()), this.#judge.close()];
    await Promise.all([...closed, ...[...this.#memberships].map((it) => it.leave())]);
  }

  get #reflectors(): Reflector<LeaseJson | WatchedPod>[] {
    return [this.#sessions, ...this.#pods ? [this.#pods] : []] as Reflector<
      LeaseJson | WatchedPod
    >[];
  }

  #know(): void {
    this.#isKnown = true;
    for (const id of this.#present.keys()) this.#tell(id);
    this.#wake();
  }

  #sessionChanged({ type, object }: Change<LeaseJson>): void {
    const id = object.metadata?.name ?? "";
    if (type === "deleted") {
      this.#dead.delete(id);
      this.#judge.forget(id);
      return this.#vanish(id);
    }
    if (this.#dead.has(id)) return;
    this.#judge.observe(object);
    this.#appear(object);
  }

  #appear(lease: LeaseJson): void {
    try {
      const presence = presenceOf(lease);
      this.#present.set(presence.id, presence);
      this.#tell(presence.id);
    } catch (error) {
      this.#context.errors.report(error);
    }
  }

  #vanish(id: string): void {
    this.#present.delete(id);
    this.#tell(id);
  }

  #podChanged({ type, object }: Change<WatchedPod>): void {
    const uid = object.metadata?.uid ?? "";
    if (type !== "deleted" && isReady(object)) this.#readyPods.add(uid);
    else this.#readyPods.delete(uid);
    for (const { id, podUid } of this.#present.values()) if (podUid === uid) this.#tell(id);
  }

  /** Tells what has changed of a member. */
  #tell(id: string): void {
    if (!this.#isKnown || this.#stop.signal.aborted) return;
    const before = this.#members.get(id);
    const now = this.#memberOf(id);
    if (JSON.stringify(before) === JSON.stringify(now)) return;
    if (now) this.#members.set(id, now);
    else this.#members.delete(id);
    this.#version++;
    const type = before === undefined ? "joined" : now === undefined ? "left" : "changed";
    const event: DiscoveryEvent = { type, member: now ?? before! };
    for (const listener of [...this.#listeners]) this.#call(listener, event);
    this.#wake();
  }

  /** The member of a session, if it is to be told. */
  #memberOf(id: string): Member | undefined {
    const presence = this.#present.get(id);
    if (presence === undefined) return undefined;
    const { podUid, ...member } = presence;
    if (this.#pods && (podUid === undefined || !this.#readyPods.has(podUid))) return undefined;
    return member;
  }

  #call(listener: (event: DiscoveryEvent) => unknown, event: DiscoveryEvent): void {
    this.#context.background.run((async () => void await listener(event))());
  }

  #wake(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }
}
