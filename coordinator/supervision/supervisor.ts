/**
 * Supervises the workloads that ask for it, while its coordinator leads.
 *
 * Flow, for one group of workloads at a time: look at its heads and pods, let `supervise` decide, write
 * what has changed in a memory to its head (fenced), carry out what is pending, write that it is done.
 * Groups go side by side. A pass follows each change of a pod or head of the group, and when
 * `supervise` asks for one. A new leader reads the records from the server and goes on from there. It
 * stops at the end of the mandate.
 *
 * Guarantees: nothing is done to a pod before it stands on the head, so that a leader that is deposed in
 * between is completed by the next one; what it then does late finds the pod gone or changed. As each
 * action names its pod by uid, it is done once, whoever does it. While nothing happens nothing is
 * written.
 *
 * Assumption: the next leader declares the same workloads. What it does not declare is not completed.
 *
 * Caveat: handlers may be told twice, the first time by a leader that died before it could note it.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type KubeObject, Reconciler } from "../../kube/mod.ts";
import { anySignal, asError } from "../../runtime/mod.ts";
import type { Head } from "../heads.ts";
import { LABELS } from "../labels.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { isSeed } from "../workloads/seed.ts";
import { carryOut } from "./carry_out.ts";
import type { SupervisionListener } from "./escalation.ts";
import { groupKey, groupOrder } from "./group.ts";
import { type Observation, observeWorker } from "./observation.ts";
import type { Supervised } from "./policy.ts";
import { RecordChanged, RecordKeeper } from "./record_keeper.ts";
import type { SupervisedCluster, WorkloadName } from "./supervised_cluster.ts";
import { type Moment, supervise } from "./supervise.ts";

/** Options of {@linkcode Supervisor}. */
export interface SupervisorOptions {
  client: RestClient;
  /** The coordinator's name. */
  coordinator: string;
  cluster: SupervisedCluster;
  /** Hears what is done. */
  listener: SupervisionListener;
  /** Hears what fails; it is tried again. */
  onError: (error: Error) => void;
  /**
   * Tells the time.
   * @default `performance.now()` and the time of day
   */
  clock?: () => Moment;
}

/** See the module's text. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: () => Moment;
  readonly #keepers = new Map<string, RecordKeeper>();
  readonly #reconciler: Reconciler;
  #mandate: Mandate | undefined;

  /** Does nothing yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? timeOfProcess;
    this.#reconciler = new Reconciler((key, signal) => this.#pass(key, signal), {
      name: "supervision",
      onError: (_, error) => {
        if (!(error instanceof NotLeadingError)) options.onError(asError(error));
      },
    });
  }

  /** Begins to supervise, by a mandate. */
  begin(mandate: Mandate): void {
    this.#keepers.clear(); // another one may have written records meanwhile
    this.#mandate = mandate;
    for (const workload of this.#options.cluster.supervised()) {
      this.#reconciler.enqueue(groupKey(workload));
    }
  }

  /** The mandate is over. */
  end(): void {
    this.#mandate = undefined;
    this.#keepers.clear();
  }

  /** Hears that a pod or a head has changed. */
  take({ metadata }: KubeObject): void {
    const name = metadata?.labels?.[LABELS.workload];
    if (name !== undefined) this.look({ name, namespace: metadata?.namespace ?? "" });
  }

  /** Looks at a workload's group, if it is supervised. */
  look({ name, namespace }: WorkloadName): void {
    if (this.#mandate === undefined) return;
    const found = this.#options.cluster.supervised()
      .find((one) => one.name === name && one.namespace === namespace);
    if (found !== undefined) this.#reconciler.enqueue(groupKey(found));
  }

  /** Resolves when nothing is due any more. */
  idle(): Promise<void> {
    return this.#reconciler.idle();
  }

  /** Resolves when nothing is done any more. */
  async close(): Promise<void> {
    this.end();
    await this.#reconciler.close();
  }

  async #pass(key: string, signal: AbortSignal): Promise<void | { after: number }> {
    const mandate = this.#mandate;
    if (mandate === undefined) return;
    const declared = this.#options.cluster.supervised().filter((one) => groupKey(one) === key);
    if (declared.length === 0) return void this.#keepers.delete(key);
    const keeper = this.#keepers.get(key) ?? this.#keeper();
    this.#keepers.set(key, keeper);
    try {
      return await this.#supervise(keeper, { declared, mandate, signal });
    } catch (error) {
      if (mandate.signal.aborted || signal.aborted) return;
      if (!(error instanceof RecordChanged)) throw error;
      if (this.#keepers.get(key) === keeper) this.#keepers.delete(key);
      return { after: REREAD };
    }
  }

  async #supervise(
    keeper: RecordKeeper,
    { declared, mandate, signal }: Pass,
  ): Promise<void | { after: number }> {
    const members = groupOrder(declared);
    const until = anySignal([signal, mandate.signal]);
    await keeper.load(members, until);
    const seen = await this.#observe(keeper, members, until);
    const { actions, after, state } = supervise(keeper.state, seen, this.#clock());
    keeper.state = state;
    await keeper.persist(members, mandate);
    const { client, coordinator, listener } = this.#options;
    const clock = this.#clock;
    const context = {
      client,
      coordinator,
      listener,
      clock,
      mandate,
      members,
      keeper,
      signal: until,
    };
    for (const action of actions) await carryOut(action, context);
    await keeper.persist(members, mandate);
    if (actions.length > 0) return { after: 0 }; // something may have come of it
    return after === undefined ? undefined : { after };
  }

  async #observe(
    keeper: RecordKeeper,
    members: readonly Supervised[],
    signal: AbortSignal,
  ): Promise<Observation> {
    const pods = await this.#options.cluster.pods(members[0]!.namespace, signal);
    return members.flatMap((member) => {
      const { name, policy } = member;
      const head = keeper.head(member);
      if (head === undefined || isSeed(head) || isEnding(head)) return [];
      const isCounted = head.kind === "Deployment" || head.kind === "StatefulSet";
      const replicas = isCounted ? head.spec?.replicas ?? 1 : undefined;
      const workers = pods.filter(({ metadata }) => metadata?.labels?.[LABELS.workload] === name)
        .map(observeWorker);
      return [{ name, policy, kind: head.kind, replicas, pods: workers }];
    });
  }

  #keeper(): RecordKeeper {
    const { cluster, onError } = this.#options;
    return new RecordKeeper({ cluster, onError, now: () => this.#clock().now });
  }
}

/** Milliseconds before a group is looked at again whose record somebody else has changed. */
const REREAD = 50;

interface Pass {
  readonly declared: readonly Supervised[];
  readonly mandate: Mandate;
  readonly signal: AbortSignal;
}

function isEnding({ metadata }: Head): boolean {
  return metadata?.deletionTimestamp != null;
}

function timeOfProcess(): Moment {
  return { now: performance.now(), time: new Date().toISOString() };
}
