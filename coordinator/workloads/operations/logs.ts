/**
 * The logs of all pods of a workload, as one sequence.
 *
 * Each container is read by a reader of its own, all side by side; the lines meet in a stream from which
 * the consumer takes them one at a time, and until its line is taken a reader reads no further. With
 * `follow` a listener to the view starts a reader for each pod that comes. It stops when the consumer
 * leaves the loop, when the signal aborts, or when nothing can come any more: then each connection is
 * released before the sequence ends.
 *
 * @module
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { type LoggedPod, podLogs, type PodLogsOptions } from "../../../kube/mod.ts";
import { asError } from "../../../runtime/mod.ts";
import { EventStream } from "../../events/event_stream.ts";
import type { PodState } from "../../events/events.ts";
import { headState } from "../../events/head_state.ts";
import { waitFor } from "../../wait.ts";
import type { Scope } from "./scope.ts";

/** Options of `Workload.logs`. */
export interface LogsOptions {
  /**
   * Whether to go on while lines are written, also by pods that come later, until the workload is
   * deleted or, if it is a Job, has ended.
   * @default false: what is there
   */
  follow?: boolean;
  /**
   * Whether the logs of the starts before the present ones are meant, of containers that were started
   * again. Not together with `follow`.
   * @default false
   */
  previous?: boolean;
  /** Only lines written at this time, to the second, or later. */
  since?: Date;
  /** Only the last so many lines of each pod, of what is there at first. */
  tail?: number;
  /** Ends the sequence with its reason as error when it aborts. */
  signal?: AbortSignal;
}

/** A line of the log of a workload. */
export interface WorkloadLogLine {
  /** Name of the pod. */
  readonly pod: string;
  /** Name of the container. */
  readonly container: string;
  /** When it was written, if the node told. */
  readonly time: Date | undefined;
  /** The line, without its line feed; of an error its message. */
  readonly text: string;
  /** Set if this is no line: this pod's log cannot be read on. The others go on. */
  readonly error?: Error;
}

/** See `Workload.logs`. */
export async function* workloadLogs(
  scope: Scope,
  options: LogsOptions,
): AsyncIterableIterator<WorkloadLogLine> {
  if (options.follow && options.previous) {
    throw new TypeError(`Cannot read the logs of "${scope.name}": "follow" excludes "previous"`);
  }
  const signal = scope.signal(options.signal);
  await waitFor(scope.reflectors(), signal, () => true);
  if (scope.find() === undefined && scope.pods().length === 0) {
    throw new Error(`Cannot read the logs of "${scope.name}": it does not exist`);
  }
  const reading = new LogsReading(scope, options);
  const onAbort = (): void => reading.lines.end({ error: signal.reason });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    reading.begin();
    yield* reading.lines;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await reading.close();
  }
}

interface Reader {
  /** Of the pod. */
  readonly uid: string;
  reading: boolean;
  /** Resolves when it has let go of its connection. */
  ended: Promise<void>;
}

class LogsReading {
  readonly #scope: Scope;
  readonly #options: LogsOptions;
  readonly #over = new AbortController();
  /** Readers by pod and container, so that none is started twice. */
  readonly #readers = new Map<string, Reader>();
  #unlisten: (() => void)[] = [];
  readonly lines: EventStream<WorkloadLogLine> = new EventStream(() => this.#over.abort());

  constructor(scope: Scope, options: LogsOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  begin(): void {
    const { since, tail } = this.#options;
    this.#look({ since, tailLines: tail });
    if (!this.#options.follow || this.#over.signal.aborted) return;
    const { pods, heads } = this.#scope.view();
    const look = (): void => this.#look({ since });
    this.#unlisten = [pods, ...heads.values()].map((reflector) => reflector.onChange(look));
  }

  async close(): Promise<void> {
    for (const remove of this.#unlisten) remove();
    await this.lines.return();
    await Promise.all([...this.#readers.values()].map(({ ended }) => ended));
  }

  /** Starts readers for what is new, and ends the sequence if nothing can come any more. */
  #look(which: Pick<PodLogsOptions, "since" | "tailLines">): void {
    if (this.#over.signal.aborted) return;
    const pods = this.#scope.pods();
    for (const [key, { uid, reading }] of this.#readers) {
      if (!reading && !pods.some((pod) => pod.uid === uid)) this.#readers.delete(key);
    }
    for (const pod of pods) {
      for (const container of this.#containersOf(pod)) {
        const key = `${pod.uid}/${container}`;
        if (this.#readers.has(key)) continue;
        const reader: Reader = { uid: pod.uid, reading: true, ended: Promise.resolve() };
        this.#readers.set(key, reader);
        reader.ended = this.#read(pod, { ...which, container }).then(() => {
          reader.reading = false;
          this.#endIfOver();
        });
      }
    }
    this.#endIfOver();
  }

  #endIfOver(): void {
    const reading = [...this.#readers.values()].some((reader) => reader.reading);
    if (reading || this.#over.signal.aborted) return;
    if (!this.#options.follow || this.#isEnded()) this.lines.end();
  }

  #isEnded(): boolean {
    const head = this.#scope.find();
    if (head === undefined) return this.#scope.pods().length === 0;
    const state = headState(head);
    return state.kind === "Job" && (state.complete || state.stalled);
  }

  /** Containers that have a log of the kind that is asked for. */
  #containersOf({ source }: PodState): string[] {
    const all = source.spec?.containers.map(({ name }) => name) ?? [];
    if (this.#options.follow) return all; // one that was not started is waited for
    const statuses = source.status?.containerStatuses ?? [];
    return all.filter((name) => {
      const status = statuses.find((one) => one.name === name);
      const before = status?.lastState?.terminated != null;
      if (this.#options.previous) return before;
      return before || status?.state?.running != null || status?.state?.terminated != null;
    });
  }

  /** Reads one container; never rejects. */
  async #read(
    { name, namespace, uid }: PodState,
    which: Pick<PodLogsOptions, "since" | "tailLines" | "container">,
  ): Promise<void> {
    const { follow, previous } = this.#options;
    const { signal } = this.#over;
    const from = { pod: name, container: which.container! };
    try {
      const log = podLogs(this.#scope.context.client, {
        ...which,
        namespace,
        pod: name,
        follow,
        previous,
        timestamps: true,
        state: this.#stateOf({ namespace, name, uid }),
        signal,
      });
      for await (const { text, time } of log) await this.lines.push({ ...from, time, text });
    } catch (thrown) {
      if (!signal.aborted) {
        const error = asError(thrown);
        await this.lines.push({ ...from, time: undefined, text: error.message, error });
      }
    }
  }

  /** What becomes of a pod, as the view tells it: no request is needed. */
  #stateOf({ namespace, name, uid }: Pick<PodState, "namespace" | "name" | "uid">): LoggedPod {
    const { pods } = this.#scope.view();
    return {
      read: (): Promise<Pod | undefined> => {
        const pod = pods.store.get(`${namespace}/${name}`);
        return Promise.resolve(pod?.metadata?.uid === uid ? pod : undefined);
      },
      changed: async (signal): Promise<void> => {
        signal.throwIfAborted();
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const onAbort = (): void => reject(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        const remove = pods.onChange(({ object }) => {
          if (object.metadata?.uid === uid) resolve();
        });
        try {
          await promise;
        } finally {
          remove();
          signal.removeEventListener("abort", onAbort);
        }
      },
    };
  }
}
