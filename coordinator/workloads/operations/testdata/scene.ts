// What is seen of one workload, as a test sets it: no server, so that time can be virtual.
import type { Container, ContainerStatus, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions } from "@cloudydeno/kubernetes-client";
import type { Head } from "../../../heads.ts";
import type { Decision } from "../../fenced_writer.ts";
import { SerialWrites } from "../../serial_writes.ts";
import type { WorkloadContext } from "../../workload_context.ts";
import { Scope } from "../scope.ts";

/** What a head that was applied is known by. */
export const METADATA = {
  name: "w",
  namespace: "team",
  uid: "u",
  annotations: { "troupe.dev/definition": "hash" },
} as const;

/** A deployment `w` of two workers, none of which is there. */
export function deployment(options: { status?: object; spec?: object } = {}): Head {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...METADATA, generation: 1 },
    spec: {
      replicas: 2,
      selector: {},
      template: { spec: { containers: [{ name: "worker", image: "w:1" }] } },
      ...options.spec,
    },
    status: { observedGeneration: 1, ...options.status },
  } as Head;
}

/** A pod of it, of which one container is as given. */
export function pod(
  name: string,
  options: { container?: Partial<ContainerStatus>; status?: object; spec?: Partial<Container> } =
    {},
): Pod {
  const { container, status, spec } = options;
  const labels = { "troupe.dev/workload": "w", "troupe.dev/coordinator": "boss" };
  const status0 = { name: "worker", image: "w:1", imageID: "", ready: false, restartCount: 0 };
  return {
    metadata: { name, namespace: "team", uid: `uid-${name}`, labels },
    spec: { nodeName: "n1", containers: [{ name: "worker", image: "w:1", ...spec }] },
    status: {
      phase: "Pending",
      ...(container && { containerStatuses: [{ ...status0, ...container }] }),
      ...status,
    },
  } as Pod;
}

/** A container that waits. */
export function waiting(reason: string, message?: string): Partial<ContainerStatus> {
  return { state: { waiting: { reason, message } } };
}

/** A container that has ended so often, the last time with that exit code. */
export function crashed(times: number, exitCode: number): Partial<ContainerStatus> {
  return {
    restartCount: times - 1,
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
    lastState: { terminated: { exitCode, reason: "Error", finishedAt: new Date(0) } },
  };
}

/** A container that runs. */
export function running(): Partial<ContainerStatus> {
  return { ready: true, state: { running: { startedAt: new Date(0) } } };
}

type Answer = (options: RequestOptions) => unknown;

/** See the head of the file. */
export class Scene {
  readonly #listeners = new Set<(change: { type: string; object: unknown }) => void>();
  readonly #life = new AbortController();
  head: Head | undefined;
  pods: Pod[] = [];
  /** Answers requests. */
  answer: Answer = ({ path }) => Promise.reject(new Error(`nobody answers ${path}`));
  /** What writes were decided on; none is carried out. */
  readonly decisions: Decision<Head>[] = [];
  readonly scope: Scope;

  constructor(head: Head | undefined) {
    this.head = head;
    const pods = this.#reflector(() => this.pods);
    const heads = this.#reflector(() => this.head === undefined ? [] : [this.head]);
    const kinds = new Map(head === undefined ? [] : [[head.kind, heads]]);
    const view = { namespace: "team", pods, heads: kinds, parts: new Map() };
    const context = {
      client: { performRequest: (options: RequestOptions) => this.answer(options) },
      coordinator: "boss",
      view: { namespace: () => view, head: () => this.head },
      life: this.#life.signal,
      applied: new Map(),
      writes: new SerialWrites(),
      tenure: { require: () => ({ signal: this.#life.signal }) },
      writer: {
        write: (_: unknown, __: unknown, decide: (live: Head | undefined) => Decision<Head>) => {
          this.decisions.push(decide(this.head));
          return Promise.resolve(this.head);
        },
      },
    };
    this.scope = new Scope(
      { name: "w", namespace: "team" },
      context as unknown as WorkloadContext,
    );
  }

  /** How many listen for changes. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Sets the pods, and tells it. */
  show(...pods: Pod[]): void {
    this.pods = pods;
    for (const object of pods.length > 0 ? pods : [this.head]) {
      for (const listener of [...this.#listeners]) listener({ type: "modified", object });
    }
  }

  /** Sets the head, and tells it. */
  showHead(head: Head | undefined): void {
    this.head = head;
    for (const listener of [...this.#listeners]) listener({ type: "modified", object: head });
  }

  #reflector(objects: () => readonly { metadata?: Pod["metadata"] }[]): unknown {
    const listeners = this.#listeners;
    return {
      health: { state: "synced", synced: true },
      synced: () => Promise.resolve(),
      onChange: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onState: () => () => {},
      onError: () => () => {},
      store: {
        values: () => objects(),
        get: (key: string) =>
          objects().find(({ metadata }) => `${metadata?.namespace}/${metadata?.name}` === key),
      },
    };
  }
}

/** A job `w` of three workers at a time. */
export function job(options: { status?: object; spec?: object; annotations?: object } = {}): Head {
  const { status, spec, annotations } = options;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...METADATA, annotations: { ...METADATA.annotations, ...annotations } },
    spec: { template: { spec: { containers: [] } }, parallelism: 3, completions: 9, ...spec },
    status: { startTime: new Date(0), ...status },
  } as Head;
}

/** A cron job `w`. */
export function cronJob(options: { spec?: object; annotations?: object } = {}): Head {
  const { spec, annotations } = options;
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { ...METADATA, annotations: { ...METADATA.annotations, ...annotations } },
    spec: { schedule: "* * * * *", suspend: false, jobTemplate: {}, ...spec },
  } as Head;
}
