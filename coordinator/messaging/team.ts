/**
 * The workers of one workload, as those who talk to them see it: a link to each of its pods, and a group
 * of what is at their other ends.
 *
 * Pods come from the coordinator's watch. One that runs is dialed, and dialed again whenever its
 * connection breaks; one that is gone is lost for good, and so is what it had. Kubernetes says by a pod's
 * readiness whether it may be asked, the worker by its handshake and its heartbeats: it takes both. Each
 * worker is told who its peers are whenever that has changed. Only who leads has links, in the name of
 * its term; at its end all calls are rejected.
 *
 * @module
 */
import { ApiError } from "../../kube/mod.ts";
import {
  type Contract,
  Group,
  type KeyRing,
  Link,
  LinkedMember,
  type LinkState,
  type Negotiation,
  negotiationOf,
  type Peer,
  RefusedError,
  type RosterEntry,
  type Specs,
  UnauthorizedError,
  Work,
  type WorkerAddress,
} from "../../messaging/mod.ts";
import type { PodState } from "../events/events.ts";
import { addressOf, type DialContext, dialWorker } from "./dial_worker.ts";
import { workerOf } from "./worker_of.ts";

/** What a team needs of its coordinator. */
export interface TeamContext extends DialContext {
  /** The keys as they are now. */
  readonly keys: () => KeyRing;
  /** Hears what fails without a caller. */
  readonly onError: (error: Error) => void;
  /** A worker has refused the coordinator's keys: they may be others by now. */
  readonly onUnauthorized: () => void;
  /** Opens a connection to a worker. @default dialWorker */
  readonly dial?: typeof dialWorker;
}

/** Every how many attempts in vain it is told that a worker cannot be reached: after some 15 s first. */
const REPORTED_ATTEMPTS = 8;

/**
 * Which attempt with the wrong key is told of: not the first one, as the coordinator may have had former
 * keys, and looks for others then.
 */
const FIRST_REFUSAL = 2;

/** A worker that there is a link to. */
interface Linked {
  readonly pod: PodState;
  readonly link: Link;
  readonly member: LinkedMember;
}

/** See the module's text. */
export class Team<S extends Specs> {
  /** What its workers can be asked. */
  readonly contract: Contract<S>;
  /** Its workers as one. */
  readonly group: Group<S>;
  /** Its workers, as those see them who have work for them. */
  readonly work: Work<S>;
  readonly #context: TeamContext;
  readonly #negotiation: Negotiation;
  readonly #linked = new Map<string, Linked>();
  /** Links that end; they never reject. */
  readonly #closing = new Set<Promise<void>>();
  /** Its pods, by uid. */
  readonly #pods = new Map<string, PodState>();
  /** As whom workers are dialed; nobody is while there is no term. */
  #self: Peer | undefined;
  /** Whether there is a term, also while its keys are not there. */
  #isOpen = false;
  /** Look whether enough workers answer. */
  readonly #lookers = new Set<() => void>();
  #telling = false;
  /** What workers were told last of their peers. */
  #told = "";

  /** Without workers yet. */
  constructor(contract: Contract<S>, context: TeamContext) {
    this.contract = contract;
    this.#context = context;
    this.#negotiation = negotiationOf(contract as unknown as Contract);
    this.group = new Group(contract, { onError: (error) => context.onError(error as Error) });
    this.work = new Work(this.group);
  }

  /** A term has begun: what is asked waits for workers from now on. */
  open(): void {
    this.#isOpen = true;
    this.group.open();
  }

  /** Workers are dialed as this one. */
  begin(self: Peer): void {
    this.#self = self;
    for (const pod of this.#pods.values()) this.#look(pod);
  }

  /** The term is over: calls reject with the reason. */
  async end(reason: Error): Promise<void> {
    this.#self = undefined;
    this.#isOpen = false;
    const linked = [...this.#linked.values()];
    this.#linked.clear();
    this.group.close(reason); // first, so that nothing is given to another worker
    for (const { member } of linked) member.close(reason);
    for (const look of this.#lookers) look();
    for (const { link } of linked) this.#close(link);
    await Promise.all(this.#closing);
  }

  /** Hears how a pod is; `deleted` says that it is gone. */
  take(pod: PodState, deleted: boolean): void {
    const isOver = deleted || pod.phase === "Succeeded" || pod.phase === "Failed";
    if (isOver) {
      this.#pods.delete(pod.uid);
      this.#lose(
        pod.uid,
        deleted ? "its pod was deleted" : `its pod has ${pod.phase.toLowerCase()}`,
      );
    } else {
      this.#pods.set(pod.uid, pod);
      this.#look(pod);
    }
    this.#tellRoster();
  }

  /** Resolves when so many workers can be asked, or the term is over; rejects with the signal's reason. */
  async answering(count: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      const ready = this.group.workers.filter(({ state }) => state === "ready").length;
      if (ready >= count || !this.#isOpen) resolve();
    };
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const remove = this.group.onWorkers(look);
    this.#lookers.add(look);
    look();
    try {
      await promise;
    } finally {
      remove();
      this.#lookers.delete(look);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** The links to the workers that are there. */
  get links(): readonly Link[] {
    return [...this.#linked.values()].map(({ link }) => link);
  }

  /** Dials a pod that runs, if it is not dialed. */
  #look(pod: PodState): void {
    if (this.#self === undefined) return;
    const known = this.#linked.get(pod.uid);
    if (known !== undefined) {
      const where = this.#where(pod);
      const before = this.#where(known.pod)!;
      const isThere = where?.address === before.address && where.port === before.port;
      if (isThere || where === undefined) {
        return known.member.suspend(!pod.running && !pod.terminating);
      }
      this.#lose(pod.uid, "its address has changed");
    }
    if (!pod.running || this.#where(pod) === undefined) return;
    this.#linked.set(pod.uid, this.#dial(pod, this.#self));
  }

  #dial(pod: PodState, self: Peer): Linked {
    const { keys, onError, dial = dialWorker } = this.#context;
    const member = new LinkedMember(workerOf(pod.source), {
      contract: this.contract.name,
      onError: (error) => onError(error as Error),
    });
    const link: Link = new Link({
      self,
      keys,
      negotiation: this.#negotiation,
      expect: pod.name,
      dial: (signal) => dial(pod, this.#context, signal),
      onState: (state) => this.#hear(member, state, link.attempts),
    });
    this.group.add(member);
    return { pod, link, member };
  }

  #hear(member: LinkedMember, state: LinkState, attempts: number): void {
    member.follow("channel" in state ? { ...state, channel: state.channel.caller } : state);
    if (state.state === "ready") state.channel.send({ t: "roster", workers: this.#roster });
    if (state.state === "connecting" && state.error) this.#failed(member, state.error, attempts);
    if (state.state === "ended" && state.error) this.#tell(member, state.error); // it was deposed
  }

  /** A connection has broken, or could not be made. That a worker is gone for a moment is no error. */
  #failed(member: LinkedMember, cause: Error, attempts: number): void {
    if (cause instanceof UnauthorizedError) {
      this.#context.onUnauthorized();
      const isTold = attempts % REPORTED_ATTEMPTS === FIRST_REFUSAL;
      if (isTold) this.#tell(member, cause, "; restart it, so that it gets the keys of now");
      return;
    }
    if (this.#pods.get(member.worker.uid)?.terminating) return; // it is about to be gone
    if (!isMoment(cause) || attempts % REPORTED_ATTEMPTS === 0) this.#tell(member, cause);
  }

  #tell({ worker }: LinkedMember, cause: Error, advice = ""): void {
    const message = `Cannot talk to worker "${worker.name}": ${cause.message}${advice}`;
    this.#context.onError(new Error(message, { cause }));
  }

  #lose(uid: string, reason: string): void {
    const known = this.#linked.get(uid);
    if (known === undefined) return;
    this.#linked.delete(uid);
    known.member.lost(reason);
    this.#close(known.link);
  }

  #close(link: Link): void {
    const closing = link.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  get #roster(): RosterEntry[] {
    return [...this.#pods.values()].flatMap((pod) => {
      const where = pod.running ? this.#where(pod) : undefined;
      return where ? [{ ...workerOf(pod.source), ...where }] : [];
    });
  }

  #where(pod: PodState): WorkerAddress | undefined {
    return addressOf(pod, this.#context);
  }

  /** Tells workers who their peers are, once for all that one tick has changed. */
  #tellRoster(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const workers = this.#roster;
      const text = JSON.stringify(workers);
      if (text === this.#told) return; // who connects is told by itself
      this.#told = text;
      for (const { link } of this.#linked.values()) link.channel?.send({ t: "roster", workers });
    });
  }
}

/** What of errors is about who or what is just not there, and no fault of what is said or allowed. */
const MOMENTS: readonly string[] = ["Error", "SocketError", "ConnectionError"];

function isMoment(error: Error): boolean {
  if (error instanceof ApiError) return error.httpCode !== 403;
  // it stops, or another pod has got its address
  if (error instanceof RefusedError) return error.code === "busy" || error.code === "mistaken";
  return MOMENTS.includes(error.name);
}
