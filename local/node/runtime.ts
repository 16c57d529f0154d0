/**
 * The seam between the node agent and whatever runs containers.
 *
 * The agent decides *what* should run (order, restarts, probes, status); a runtime runs *one
 * attempt of one container* at a time and tells how it ended. Two implementations live beside
 * this file, `process_runtime.ts` and `simulated_runtime.ts`; `runtime_test.ts` holds the
 * contract that both pass.
 */
import type { ImageSpec } from "./image.ts";
import type { LogOptions } from "./log_lines.ts";

/** Which pod. */
export interface PodRef {
  /** Namespace of the pod. */
  readonly namespace: string;
  /** Name of the pod. */
  readonly pod: string;
  /** uid of the pod: a pod of the same name with another uid is another pod. */
  readonly uid: string;
}

/** Which attempt of which container of which pod: also where its log lies. */
export interface ContainerRef extends PodRef {
  /** Name of the container inside the pod. */
  readonly container: string;
  /** 0 for the first start, then one more for each restart. */
  readonly attempt: number;
}

/** All that a runtime needs to start one attempt of a container. */
export interface ContainerConfig extends ContainerRef {
  /** Image name as the pod states it. */
  readonly image: string;
  /** Program and arguments, with every `$(VAR)` replaced. */
  readonly command: readonly string[];
  /** The whole environment: nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Working directory; the pod's own folder when absent. */
  readonly cwd?: string;
  /** Annotations of the pod, by which the simulated runtime chooses a stage. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How an attempt ended. */
export interface ContainerExit {
  /** Exit code; 128 + n when signal n ended it. */
  readonly code: number;
  /** Number of the signal that ended it. */
  readonly signal?: number;
  /** Wall time of the end. */
  readonly finishedAt: Date;
}

/** Something that a probe or a lifecycle hook does to a container. */
export type ContainerAction =
  | { readonly type: "exec"; readonly command: readonly string[] }
  | {
    readonly type: "http";
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly scheme: "http" | "https";
    readonly headers: readonly (readonly [string, string])[];
  }
  | { readonly type: "tcp"; readonly host: string; readonly port: number };

/** Why an action is performed. */
export type ActionPurpose = "startup" | "readiness" | "liveness" | "hook";

/** What came of a {@linkcode ContainerAction}. */
export interface ActionResult {
  /** Exit code 0, HTTP status 200 to 399, or a TCP connection made. */
  readonly ok: boolean;
  /** For events and conditions, such as `HTTP probe failed with statuscode: 503`. */
  readonly message: string;
}

/** A command that runs beside a container's own program. */
export interface ExecProcess {
  /** What it reads. */
  readonly stdin: WritableStream<Uint8Array>;
  /** What it prints; ends soon after the command does. Must be read to its end. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What it prints as errors; likewise. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Its exit code; 128 + n when signal n ended it. */
  readonly status: Promise<number>;
  /** Kills it with all that it started. */
  kill(): void;
}

/** A running attempt of a container. */
export interface RunningContainer {
  /** `<runtime>://<id>`, shown as the status's `containerID`. */
  readonly id: string;
  /** Wall time of the start. */
  readonly startedAt: Date;
  /** Resolves when nothing of the container runs any more; never rejects. */
  readonly exited: Promise<ContainerExit>;
  /** Where a container without a readiness probe still needs time to become ready. */
  readonly ready?: Promise<void>;
  /** Sends a signal to every process of the container; does nothing after the end. */
  signal(name: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP" | "SIGQUIT" | "SIGUSR1"): void;
  /** Probes the container or runs a hook in it; rejects only when the signal aborts. */
  act(
    action: ContainerAction,
    options: { purpose: ActionPurpose; signal: AbortSignal },
  ): Promise<ActionResult>;
  /**
   * Runs a command as the container runs its program; throws {@linkcode StartError} when it cannot be
   * run. It ends with the container. Absent: the runtime runs no programs.
   */
  exec?(command: readonly string[]): ExecProcess;
}

/** Runs containers. Everything that it started ends with `close()`. */
export interface Runtime extends AsyncDisposable {
  /** Looks an image up; throws `RangeError` that names the known ones when it is none of them. */
  image(name: string): ImageSpec;
  /** Folder of a pod, where the runtime has one: it is made, with volumes and credentials in it. */
  podDir?(pod: PodRef): string;
  /** Starts one attempt; rejects with {@linkcode StartError} when the program cannot be run. */
  start(config: ContainerConfig): Promise<RunningContainer>;
  /** The log of an attempt, formatted for `kubectl logs`; undefined when there is none. */
  logs(ref: ContainerRef, options: LogOptions): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Removes all that a pod left behind: logs and its folder. None of it may be running. */
  forget(pod: PodRef): Promise<void>;
  /** Pods that it keeps something of, those of a life before included; absent: nothing outlives it. */
  kept?(): PodRef[];
  /** Kills what still runs and releases every resource; idempotent. */
  close(): Promise<void>;
}

/** Rejection of {@linkcode Runtime.start}: the container's program could not be run. */
export class StartError extends Error {
  /** Always `"StartError"`. */
  override readonly name = "StartError";
}
