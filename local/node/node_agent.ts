/**
 * The node agent: a small kubelet that runs the pods bound to its node as local processes.
 *
 * Where things come from: a watch of this node's pods gives each pod a {@linkcode PodWorker};
 * the workers run side by side and tell the {@linkcode StatusManager} how their pods are; the
 * {@linkcode NodeRegistration} keeps the Node object alive beside them; the {@linkcode KubeletEndpoint}
 * answers `kubectl logs` and `kubectl exec`. All state is derived from the API and the runtime, so a reconnect, a
 * relist or a restart of anything needs no special case.
 *
 * Start order: addresses (the endpoint needs one), runtime (ends what a dead agent left,
 * before anything is started again), endpoint (the Node object names its port), the Node
 * object, pods. Stop order: the watch first, so that no pod is taken on; then pods, while the
 * runtime and statuses still work; then the farewell of the node; then what is below.
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { type Change, keyOf, PODS, Reflector, type Transport } from "../../kube/mod.ts";
import { type Addresses, type PodAddressMode, takeAddresses } from "./addresses.ts";
import { LOCAL_BACKOFF, type RestartBackoff } from "./backoff.ts";
import { apiClaimSource } from "./claim_source.ts";
import { type Clock, systemClock } from "./clock.ts";
import { apiConfigSource } from "./config_source.ts";
import { EventRecorder } from "./event_recorder.ts";
import type { ExecAnswer, ExecRequest } from "./exec_socket.ts";
import type { ImageSpec } from "./image.ts";
import { KubeletEndpoint, type LogAnswer, type LogRequest } from "./kubelet_endpoint.ts";
import { machineCapacity, type NodeCapacity, type NodeIdentity } from "./node_object.ts";
import {
  type HeartbeatOptions,
  MAX_WATCH_BACKOFF_MS,
  NodeRegistration,
} from "./node_registration.ts";
import { PodCredentials } from "./pod_credentials.ts";
import { PodWorker, type PodWorkerContext } from "./pod_worker.ts";
import { ProcessRuntime } from "./process_runtime.ts";
import type { PodRef, Runtime } from "./runtime.ts";
import { StatusManager } from "./status_manager.ts";

/** Longest time that pods get to end when the agent closes (ms). */
const SHUTDOWN_GRACE_MS = 10_000;

/** Options of {@linkcode NodeAgent.start}. */
export interface NodeAgentOptions {
  /** Name of the node. */
  name: string;
  /** What stands for each image; it may be changed later. */
  images: Record<string, ImageSpec>;
  /** Folder for logs and pods' folders; used by one agent at a time, kept when it closes. */
  dir: string;
  /** What runs containers; the caller closes it. @default {a ProcessRuntime} */
  runtime?: Runtime;
  /** How pods are told apart. @default {"auto"} */
  podAddresses?: PodAddressMode | "auto";
  /** What the node offers. @default {what the machine has, and 110 pods} */
  capacity?: Partial<NodeCapacity>;
  /** Labels of the node beside the usual three. */
  labels?: Record<string, string>;
  /** Environment of every container; the agent's own is not inherited but for PATH. */
  env?: Record<string, string>;
  /** Kubeconfig that pods are given where no token can be requested. */
  kubeconfig?: string;
  /** Wait between restarts. @default {LOCAL_BACKOFF: 0, 0.5 s, 1 s, … 15 s} */
  restartBackoff?: RestartBackoff;
  /** How often the node says that it lives. */
  heartbeat?: HeartbeatOptions;
  /**
   * Whether commands may be run in pods (`kubectl exec`): by whoever may connect to this machine's
   * loopback, as the endpoint asks for no credentials.
   * @default true
   */
  exec?: boolean;
  /** What becomes of the Node object at the end. @default {"not-ready"} */
  onClose?: "not-ready" | "delete";
  /** Longest time (ms) that pods get to end at the end. @default {10_000} */
  shutdownGrace?: number;
  /** Hears what went wrong and is tried again. @default {nothing} */
  onError?: (error: Error) => void;
  /** Gives up the start when it aborts. */
  signal?: AbortSignal;
  /** Source of time. @default {systemClock} */
  clock?: Clock;
}

/** A running node. */
export class NodeAgent implements AsyncDisposable {
  /** Name of the node. */
  readonly name: string;
  /** Address of the node on this machine. */
  readonly hostIP: string;
  #options: NodeAgentOptions;
  #addresses: Addresses;
  #runtime: Runtime;
  #context: PodWorkerContext;
  #endpoint: KubeletEndpoint;
  #registration: NodeRegistration;
  #pods: Reflector<Pod>;
  /** By uid: while the pod of a name ends, the next one of that name may be here. */
  #workers = new Map<string, PodWorker>();
  /** uid of the newest pod of each name. */
  #uids = new Map<string, string>();
  /** Pods that are over and whose leftovers are being removed. */
  #releases = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  /**
   * Registers a node and runs what is bound to it; resolves when the node is ready and its pods are
   * known. While the API cannot be reached it keeps trying until `signal` aborts, and rejects with
   * its reason.
   */
  static async start(client: Transport, options: NodeAgentOptions): Promise<NodeAgent> {
    options.signal?.throwIfAborted();
    Deno.mkdirSync(options.dir, { recursive: true });
    const addresses = takeAddresses(options.name, options.podAddresses ?? "auto");
    let runtime: Runtime | undefined;
    let endpoint: KubeletEndpoint;
    try {
      runtime = options.runtime ?? new ProcessRuntime(options);
      endpoint = await KubeletEndpoint.start(addresses.hostIP);
    } catch (error) {
      if (runtime !== options.runtime) await runtime?.close();
      addresses[Symbol.dispose]();
      throw error;
    }
    const agent = new NodeAgent(client, options, { addresses, runtime, endpoint });
    endpoint.sources = {
      logs: (request) => agent.readLog(request),
      ...(options.exec !== false && { exec: (request) => agent.exec(request) }),
    };
    await agent.#begin();
    return agent;
  }

  private constructor(
    client: Transport,
    options: NodeAgentOptions,
    parts: { addresses: Addresses; runtime: Runtime; endpoint: KubeletEndpoint },
  ) {
    const { addresses, runtime, endpoint } = parts;
    const { name, clock = systemClock, onError = () => {} } = options;
    this.name = name;
    this.hostIP = addresses.hostIP;
    this.#options = options;
    this.#addresses = addresses;
    this.#runtime = runtime;
    this.#endpoint = endpoint;
    const capacity = { ...machineCapacity(), ...options.capacity };
    this.#context = {
      client,
      runtime,
      addresses,
      clock,
      capacity,
      nodeName: name,
      backoff: options.restartBackoff ?? LOCAL_BACKOFF,
      env: { PATH: Deno.env.get("PATH") ?? "/usr/local/bin:/usr/bin:/bin", ...options.env },
      configs: apiConfigSource(client),
      claims: apiClaimSource(client),
      credentials: new PodCredentials(client, { clock, kubeconfig: options.kubeconfig, onError }),
      status: new StatusManager(client, { onError }),
      events: new EventRecorder(client, { component: "kubelet", host: name, clock }),
    };
    const identity: NodeIdentity = {
      name,
      hostIP: this.hostIP,
      endpointPort: endpoint.port,
      endpointCertificate: endpoint.certificate,
      capacity,
      labels: options.labels ?? {},
    };
    this.#registration = new NodeRegistration(
      client,
      identity,
      { ...options.heartbeat, clock, onError, onClose: options.onClose ?? "not-ready" },
    );
    this.#pods = new Reflector(client, PODS, {
      fieldSelector: `spec.nodeName=${name}`,
      maxBackoff: MAX_WATCH_BACKOFF_MS,
    });
    this.#pods.onChange((change) => this.#take(change));
    this.#pods.onError(onError);
    this.#pods.onState((state) => state === "synced" && this.#context.status.retry());
  }

  /** How many pods this node has, those included that are over. */
  get podCount(): number {
    return this.#workers.size;
  }

  /** Runs a command in a container, as the endpoint serves it. */
  exec({ namespace, pod, container, command }: ExecRequest): ExecAnswer {
    const worker = this.#worker(namespace, pod);
    if (!worker) return { code: 404, message: `pod "${namespace}/${pod}" not found` };
    const started = worker.exec(container, command);
    return typeof started === "string" ? { code: 500, message: started } : started;
  }

  /** Finds the log of a container, as the endpoint serves it. */
  async readLog(request: LogRequest): Promise<LogAnswer> {
    const { namespace, pod, container, previous, options } = request;
    const worker = this.#worker(namespace, pod);
    if (!worker) return { code: 404, message: `pod "${namespace}/${pod}" not found` };
    const attempt = worker.logAttempt(container, previous);
    if (typeof attempt === "string") return { code: 400, message: attempt };
    const log = await this.#runtime.logs({ ...worker.ref, container, attempt }, options);
    return log ?? { code: 404, message: `the log of container "${container}" is gone` };
  }

  /** Ends all pods within the shutdown grace, then the node; idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #worker(namespace: string, pod: string): PodWorker | undefined {
    return this.#workers.get(this.#uids.get(`${namespace}/${pod}`) ?? "");
  }

  async #begin(): Promise<void> {
    const { signal } = this.#options;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#registration.registered, aborted]);
      this.#pods.start();
      await Promise.race([this.#pods.synced(), aborted]);
      await this.#forgetGone();
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Removes what is left of pods that went while no agent was here. */
  async #forgetGone(): Promise<void> {
    const gone = (this.#runtime.kept?.() ?? []).filter(({ uid }) => !this.#workers.has(uid));
    await Promise.all(gone.map((pod) => this.#forget(pod)));
  }

  #forget(pod: PodRef): Promise<void> {
    return this.#runtime.forget(pod).catch((error) => this.#options.onError?.(error));
  }

  async #close(): Promise<void> {
    const { shutdownGrace = SHUTDOWN_GRACE_MS } = this.#options;
    const { status, events, credentials } = this.#context;
    await this.#pods.close();
    const workers = [...this.#workers.values()];
    await Promise.all(workers.map((worker) => worker.shutdown(shutdownGrace)));
    await Promise.all(this.#releases);
    await Promise.all([this.#registration.close(), events.close(), status.close()]);
    credentials[Symbol.dispose]();
    await this.#endpoint.close();
    if (this.#runtime !== this.#options.runtime) await this.#runtime.close();
    this.#addresses[Symbol.dispose]();
  }

  /** Takes in a change of one of this node's pods. */
  #take({ type, object: pod }: Change<Pod>): void {
    const key = keyOf(pod);
    const uid = pod.metadata?.uid ?? key;
    const worker = this.#workers.get(uid);
    if (type === "deleted") return worker?.vanish();
    const before = this.#uids.get(key);
    // Another pod has the name of one that went while nobody looked.
    if (before !== undefined && before !== uid) this.#workers.get(before)?.vanish();
    this.#uids.set(key, uid);
    if (worker) return worker.update(pod);
    const taken = new PodWorker(pod, this.#context);
    this.#workers.set(uid, taken);
    const release = taken.ended.then(() => this.#release(taken));
    this.#releases.add(release);
    release.then(() => this.#releases.delete(release));
  }

  /** A pod is over: what it held is given back, and, if it is gone for good, what it left removed. */
  async #release(worker: PodWorker): Promise<void> {
    const { uid, namespace, pod } = worker.ref;
    this.#workers.delete(uid);
    if (this.#uids.get(`${namespace}/${pod}`) === uid) this.#uids.delete(`${namespace}/${pod}`);
    this.#context.credentials.release(uid);
    this.#context.addresses.release(uid);
    if (worker.vanished) await this.#forget(worker.ref);
  }
}
