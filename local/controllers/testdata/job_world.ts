/**
 * A Job and its pods in memory: a server that keeps every version, a controller that sees each
 * kind some versions late and may die between two writes, and nodes and users who end and delete
 * pods, all in an order that a seed decides.
 */
import { isDeleting, isTerminal, type Job, type Pod, timestamp } from "../../objects/mod.ts";
import { isTracked, untracked } from "../job_pods.ts";
import { finalConditionOf, planJob } from "../plan_job.ts";

/** Ends a pass where the controller dies. */
class Crash extends Error {}

export class JobWorld {
  now = Date.parse("2026-01-01T12:00:00Z");
  /** How many pods were ever made. */
  made = 0;
  readonly #random: () => number;
  #jobs: Job[];
  #pods: ReadonlyMap<string, Pod>[] = [new Map()];
  /** Up to which version the controller has seen each kind. */
  #seen = { jobs: 0, pods: 0 };
  /** The version of the pods that the controller awaits before it acts again. */
  #expected = 0;
  #version = 1;

  constructor(job: Job, random: () => number) {
    this.#jobs = [job];
    this.#random = random;
  }

  /** The Job as the server has it. */
  get job(): Job {
    return this.#jobs.at(-1)!;
  }

  /** The pods as the server has them. */
  get pods(): Pod[] {
    return [...this.#pods.at(-1)!.values()];
  }

  /** Lets everybody do something until the Job is over; tells in how many steps. */
  run(limit = 10_000): number {
    for (let step = 0; step < limit; step++) {
      if (finalConditionOf(this.job) && !this.pods.some(isTracked)) return step;
      const what = this.#random();
      if (what < 0.4) this.#reconcile();
      else if (what < 0.7) this.#watch();
      else if (what < 0.9) this.#node();
      else if (what < 0.94) this.#user();
      else this.now += 1000;
    }
    throw new Error(`the Job is not over: ${JSON.stringify(this.job.status)}`);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  #watch(): void {
    for (const [kind, all] of [["jobs", this.#jobs], ["pods", this.#pods]] as const) {
      const left = all.length - 1 - this.#seen[kind];
      this.#seen[kind] += Math.floor(this.#random() * (left + 1));
    }
  }

  #reconcile(): void {
    if (this.#seen.pods < this.#expected) return;
    const job = this.#jobs[this.#seen.jobs]!;
    const pods = [...this.#pods[this.#seen.pods]!.values()];
    try {
      this.#carryOut(job, pods);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      // the next one reads everything anew
      this.#seen = { jobs: this.#jobs.length - 1, pods: this.#pods.length - 1 };
      this.#expected = 0;
    }
  }

  #carryOut(job: Job, pods: readonly Pod[]): void {
    const plan = planJob({ job, pods, backoffBase: 10, now: this.now });
    for (const draft of plan.create) {
      const name = `pod-${++this.made}`;
      const metadata = { ...draft.metadata, name, uid: name, resourceVersion: "0" };
      this.#put({ ...draft, metadata, status: { phase: "Pending" } } as Pod);
      this.#expect();
    }
    if (plan.uncounted) plan.remove.forEach((pod) => this.#untrack(pod));
    for (const pod of plan.remove) {
      this.#delete(pod.metadata.uid);
      this.#expect();
    }
    const { status } = plan.status(plan.active + plan.create.length - plan.remove.length);
    if (status) {
      if (job !== this.job) return; // a conflict
      this.#jobs.push({ ...job, status });
      this.#mayDie();
    }
    plan.untrack.forEach((pod) => this.#untrack(pod));
  }

  #expect(): void {
    this.#expected = this.#pods.length - 1;
    this.#mayDie();
  }

  #mayDie(): void {
    if (this.#random() < 0.1) throw new Crash();
  }

  #node(): void {
    const pod = this.#pick(this.pods.filter((one) => !isTerminal(one) || isDeleting(one)));
    if (!pod) return;
    const phase = isTerminal(pod)
      ? pod.status?.phase
      : this.#random() < 0.5
      ? "Failed"
      : "Succeeded";
    this.#put({ ...pod, status: { ...pod.status, phase } });
  }

  /** Deletes any pod, as people and garbage collectors do. */
  #user(): void {
    const pod = this.#pick(this.pods);
    if (pod) this.#delete(pod.metadata.uid);
  }

  #delete(uid: string): void {
    const pod = this.#pods.at(-1)!.get(uid);
    const metadata = { ...pod?.metadata, deletionTimestamp: timestamp(this.now) };
    if (pod) this.#put({ ...pod, metadata } as Pod);
  }

  #untrack(pod: Pod): void {
    const present = this.#pods.at(-1)!.get(pod.metadata.uid);
    if (present?.metadata.resourceVersion !== pod.metadata.resourceVersion) return; // a conflict
    this.#put({ ...present, metadata: { ...present.metadata, finalizers: untracked(pod) } });
    this.#mayDie();
  }

  /** Stores a pod; one that is deleted, has ended and is held by nobody is gone. */
  #put(pod: Pod): void {
    const next = new Map(this.#pods.at(-1));
    const { uid, finalizers } = pod.metadata;
    const gone = isDeleting(pod) && isTerminal(pod) && !finalizers?.length;
    if (gone) next.delete(uid);
    else {
      const resourceVersion = String(++this.#version);
      next.set(uid, { ...pod, metadata: { ...pod.metadata, resourceVersion } });
    }
    this.#pods.push(next);
  }
}

/** Numbers that only a seed decides. */
export function seeded(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
