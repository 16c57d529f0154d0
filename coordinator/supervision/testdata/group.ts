// A group of workloads in virtual time: tests let workers fail and see what is decided.
import type { Action } from "../actions.ts";
import type { WorkerView, WorkloadView } from "../observation.ts";
import type { SupervisionPolicy } from "../policy.ts";
import { settle } from "../settle.ts";
import type { GroupState, Memory } from "../state.ts";
import { supervise } from "../supervise.ts";

/** A policy, by default one that bears 2 failures in a second. */
export function policyOf(policy: Partial<SupervisionPolicy> = {}): SupervisionPolicy {
  return {
    strategy: "oneForAll",
    maxRestarts: 2,
    within: 1_000,
    backoff: { min: 100, max: 400 },
    onFailure: "restart",
    ...policy,
  };
}

/** See the file's text. */
export class TestGroup {
  readonly workloads: WorkloadView[];
  state: GroupState = new Map();
  now = 10_000;
  /** All that was carried out, with the time. */
  readonly done: { at: number; action: Action }[] = [];
  #born = 0;

  /** Makes workloads with two pods each that are ready, and looks at them once. */
  constructor(...workloads: (Partial<WorkloadView> & { name: string })[]) {
    this.workloads = workloads.map((one) => {
      const { kind = "StatefulSet", policy = policyOf(), replicas = 2 } = one;
      const pods = one.pods ?? [this.#pod(one.name), this.#pod(one.name)];
      return { name: one.name, kind, policy, replicas, pods };
    });
    this.look();
  }

  /** A name such as `a-1`: the first pod of workload `a`. */
  find(pod: string): WorkerView {
    return this.workloads.flatMap(({ pods }) => pods).find(({ name }) => name === pod)!;
  }

  /** Lets a container of each of these pods end, and looks. */
  fail(...pods: string[]): Action[] {
    for (const pod of pods) this.change(pod, { ends: this.find(pod).ends + 1 });
    return this.look();
  }

  /** Changes what is seen of a pod. */
  change(pod: string, change: Partial<WorkerView>): void {
    for (const workload of this.workloads) {
      const pods = workload.pods.map((one) => one.name === pod ? { ...one, ...change } : one);
      Object.assign(workload, { pods });
    }
  }

  /** Lets time go by, looking whenever a step asks for that. */
  pass(ms: number): Action[] {
    const until = this.now + ms;
    const actions: Action[] = [];
    while (true) {
      const { after = Infinity } = this.#step();
      if (this.now + after > until) break;
      this.now += after;
      actions.push(...this.look());
    }
    this.now = until;
    return [...actions, ...this.look()];
  }

  /** Looks, and carries out what is due as the cluster would. */
  look(): Action[] {
    const { actions, state } = this.#step();
    this.state = state;
    for (const action of actions) this.carryOut(action);
    return [...actions];
  }

  /** Decides without carrying anything out. */
  decide(): Action[] {
    const { actions, state } = this.#step();
    this.state = state;
    return [...actions];
  }

  carryOut(action: Action): void {
    this.done.push({ at: this.now, action });
    if (action.type === "restart") { for (const { uid } of action.victims) this.#replace(uid); }
    if (action.type === "replace") this.#replace(action.victim.uid);
    if (action.type === "quarantine") this.#replace(action.entry.uid);
    const replicas = 2;
    if (action.type === "stop") {
      const found = this.workloads.find(({ name }) => name === action.workload)!;
      Object.assign(found, { replicas: 0, pods: [] });
    }
    this.state = settle(this.state, action, { now: this.now, time: "T", replicas });
  }

  memory(name: string): Memory {
    return this.state.get(name)!;
  }

  #step() {
    return supervise(this.state, this.workloads, { now: this.now, time: "T" });
  }

  #replace(uid: string): void {
    for (const workload of this.workloads) {
      const pods = workload.pods.map((one) => one.uid === uid ? this.#pod(workload.name) : one);
      Object.assign(workload, { pods });
    }
  }

  #pod(workload: string): WorkerView {
    const number = ++this.#born;
    return {
      name: `${workload}-${number}`,
      uid: `uid-${number}`,
      ends: 0,
      disrupted: false,
      terminating: false,
      grace: 0,
      ready: true,
      exitCode: 3,
      reason: "Error",
    };
  }
}

/** What was to be deleted, as names of pods. */
export function victimsOf(actions: readonly Action[]): string[] {
  return actions.flatMap((action) =>
    action.type === "restart" ? action.victims.map(({ name }) => name) : []
  );
}
