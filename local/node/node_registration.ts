/**
 * Keeps the Node object there and alive.
 *
 * One reconciler has two keys: `node` makes the object if it is missing and writes the status when
 * it contradicts what is so, or is older than the status interval; `lease` renews the heartbeat.
 * A watch of the node's own object tells at once when someone deleted or changed it (a node
 * controller that did not hear of it for a while). Failures are retried; API outages end by
 * themselves.
 */
import { CoordinationV1Api } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { CoreV1Api, type Node } from "@cloudydeno/kubernetes-apis/core/v1";
import { MicroTime } from "@cloudydeno/kubernetes-apis/common.ts";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isAlreadyExists, isNotFound, NODES, Reconciler, Reflector } from "../../kube/mod.ts";
import type { Clock } from "./clock.ts";
import { type NodeIdentity, nodeObject, nodeStatus } from "./node_object.ts";

/** Where kubelets' leases are. */
const LEASE_NAMESPACE = "kube-node-lease";

/**
 * Longest wait between tries to watch again (ms): within a node's lease, so that a node is heard
 * of soon after an outage.
 */
export const MAX_WATCH_BACKOFF_MS = 3000;

/** How long a farewell may take when the agent closes (ms). */
const FAREWELL_MS = 2000;

/** How often a node says that it lives. */
export interface HeartbeatOptions {
  /** Time between renewals of the Lease (ms). @default {2000} */
  renewInterval?: number;
  /** Seconds after which others may take the node for dead. @default {8} */
  leaseDuration?: number;
  /** Time between reports of an unchanged status (ms). @default {300_000} */
  statusInterval?: number;
}

/** Options of {@linkcode NodeRegistration}. */
export interface NodeRegistrationOptions extends HeartbeatOptions {
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
  /** What becomes of the object when the agent closes: it stays, not ready, or is deleted. */
  readonly onClose: "not-ready" | "delete";
}

/** A node's presence in the API. */
export class NodeRegistration implements AsyncDisposable {
  #client: RestClient;
  #node: NodeIdentity;
  #options: Required<NodeRegistrationOptions>;
  #reconciler: Reconciler;
  #reflector: Reflector<Node>;
  #registered = Promise.withResolvers<void>();
  #reportedAt = -Infinity;
  #uid: string | undefined;
  #closing: Promise<void> | undefined;

  /** Begins to register; see {@linkcode NodeRegistration.registered}. */
  constructor(client: RestClient, node: NodeIdentity, options: NodeRegistrationOptions) {
    this.#client = client;
    this.#node = node;
    this.#options = { renewInterval: 2000, leaseDuration: 8, statusInterval: 300_000, ...options };
    this.#reconciler = new Reconciler((key, signal) => this.#reconcile(key, signal), {
      name: `node "${node.name}"`,
      workers: 2,
      onError: (_, error) => this.#complain(error),
    });
    this.#reflector = new Reflector(client, NODES, {
      fieldSelector: `metadata.name=${node.name}`,
      maxBackoff: MAX_WATCH_BACKOFF_MS,
    });
    this.#reflector.onChange(() => this.#reconciler.enqueue("node"));
    this.#reflector.onError((error) => this.#complain(error));
    this.#reflector.start();
    this.#reconciler.enqueue("node");
  }

  /** Resolves when the node is there and ready for the first time. */
  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  /** Says farewell as told by `onClose`, if the API answers soon. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#reconciler.close();
    await this.#reflector.close();
    if (this.#uid === undefined) return;
    const abort = new AbortController();
    const cancel = this.#options.clock.after(FAREWELL_MS, () => abort.abort());
    try {
      if (this.#options.onClose === "not-ready") {
        await this.#report(abort.signal, "the node agent was stopped");
      } else {
        const abortSignal = abort.signal;
        await new CoreV1Api(this.#client).deleteNode(this.#node.name, { abortSignal });
        await this.#leases().deleteLease(this.#node.name, { abortSignal });
      }
    } catch {
      // The API is away or the node is gone: a node controller will notice the silence.
    } finally {
      cancel();
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void | { after: number }> {
    if (key === "lease") {
      // A heartbeat does not back off: it is what tells others that the node is back.
      await this.#renew(signal).catch((error) => this.#complain(error));
      return { after: this.#options.renewInterval };
    }
    // Only what came after the first list is told as a change: a deletion before it would be missed.
    await this.#reflector.synced({ signal });
    const now = this.#options.clock.now();
    const present = this.#reflector.store.get(this.#node.name);
    const changed = present === undefined || present.metadata?.uid !== this.#uid ||
      !present.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ||
      present.status.daemonEndpoints?.kubeletEndpoint?.Port !== this.#node.endpointPort;
    const due = this.#reportedAt + this.#options.statusInterval - now;
    if (changed || due <= 0) {
      const created = changed && await this.#ensure(signal);
      if (!created) await this.#report(signal);
      this.#reportedAt = now;
    }
    this.#registered.resolve();
    this.#reconciler.enqueue("lease");
    return { after: Math.max(1, this.#reportedAt + this.#options.statusInterval - now) };
  }

  /**
   * Makes the object with its status, or brings labels and annotations of the one that is there up to date;
   * returns whether it was made.
   */
  async #ensure(abortSignal: AbortSignal): Promise<boolean> {
    const api = new CoreV1Api(this.#client);
    const wanted = nodeObject(this.#node);
    const status = nodeStatus(this.#node, { date: this.#options.clock.date() });
    try {
      const { metadata } = await api.createNode({ ...wanted, status }, { abortSignal });
      this.#uid = metadata?.uid ?? undefined;
      return true;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const { labels, annotations } = wanted.metadata!;
    const body: Node = { metadata: { labels, annotations } };
    const { name } = this.#node;
    const { metadata } = await api.patchNode(name, "strategic-merge", body, {
      abortSignal,
    });
    this.#uid = metadata?.uid ?? undefined;
    return false;
  }

  /** What was cut off by the close is no error. */
  #complain(error: unknown): void {
    if (this.#closing === undefined) this.#options.onError(error as Error);
  }

  async #report(abortSignal: AbortSignal, notReady?: string): Promise<void> {
    const present = this.#reflector.store.get(this.#node.name);
    const status = nodeStatus(this.#node, {
      date: this.#options.clock.date(),
      notReady,
      previous: present?.status?.conditions,
    });
    await new CoreV1Api(this.#client)
      .patchNodeStatus(this.#node.name, "strategic-merge", { status }, { abortSignal });
  }

  async #renew(abortSignal: AbortSignal): Promise<void> {
    const { name } = this.#node;
    const renewTime = new MicroTime(this.#options.clock.date(), 0);
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: this.#options.leaseDuration,
      renewTime,
    };
    try {
      await this.#leases().patchLease(name, "json-merge", { spec }, { abortSignal });
      return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    // Owned by the node, so that the lease goes when the node does.
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid: this.#uid! }];
    const lease = { metadata: { name, namespace: LEASE_NAMESPACE, ownerReferences }, spec };
    try {
      await this.#leases().createLease(lease, { abortSignal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await new CoreV1Api(this.#client)
        .createNamespace({ metadata: { name: LEASE_NAMESPACE } }, { abortSignal });
      await this.#leases().createLease(lease, { abortSignal });
    }
  }

  #leases(): ReturnType<CoordinationV1Api["namespace"]> {
    return new CoordinationV1Api(this.#client).namespace(LEASE_NAMESPACE);
  }
}
