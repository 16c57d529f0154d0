/**
 * A lock as client-go's `leaderelection` makes one of a Lease, with the settings of
 * kube-controller-manager: it is taken by a read and a write, waited for by asking each 2 s and up to
 * 1.2 times as much again, and given back by a write with no holder (`ReleaseOnCancel`). It renews nothing,
 * as nobody here holds it for long. Facts are from client-go's documentation and behavior.
 */
import { CoordinationV1Api, toLease } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { isAlreadyExists, isConflict, isNotFound, type Transport } from "../../kube/mod.ts";

const RETRY_PERIOD_MS = 2_000;
const JITTER_FACTOR = 1.2;

/** See the module's text. */
export class LeaseLockPeer {
  readonly #leases: ReturnType<CoordinationV1Api["namespace"]>;
  readonly #name: string;
  readonly #identity: string = crypto.randomUUID();
  #version: string | undefined;

  constructor(client: Transport, { namespace, name }: { namespace: string; name: string }) {
    this.#leases = new CoordinationV1Api(client).namespace(namespace);
    this.#name = name;
  }

  /** Waits for it. */
  async lock(): Promise<void> {
    while (!await this.#tryAcquire()) {
      const wait = RETRY_PERIOD_MS * (1 + Math.random() * JITTER_FACTOR);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Gives it back. */
  async unlock(): Promise<void> {
    await this.#leases.replaceLease(this.#name, this.#lease(""));
  }

  async #tryAcquire(): Promise<boolean> {
    try {
      const { metadata, spec } = await this.#leases.getLease(this.#name);
      if (spec?.holderIdentity) return false;
      this.#version = metadata!.resourceVersion!;
      return this.#took(await this.#leases.replaceLease(this.#name, this.#lease(this.#identity)));
    } catch (error) {
      if (isConflict(error)) return false;
      if (!isNotFound(error)) throw error;
    }
    this.#version = undefined;
    try {
      return this.#took(await this.#leases.createLease(this.#lease(this.#identity)));
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  #took({ metadata }: { metadata?: { resourceVersion?: string | null } | null }): boolean {
    this.#version = metadata!.resourceVersion!;
    return true;
  }

  #lease(holderIdentity: string) {
    const now = new Date().toISOString().replace("Z", "000Z");
    return toLease({
      metadata: { name: this.#name, ...this.#version && { resourceVersion: this.#version } },
      spec: {
        holderIdentity,
        leaseDurationSeconds: 15,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      },
    });
  }
}
