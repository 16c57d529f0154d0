/**
 * An elector as client-go's `leaderelection` is with its default settings, for comparison: it polls
 * the Lease and has no watch. Facts taken from client-go's documentation and behavior: LeaseDuration
 * 15 s, RenewDeadline 10 s, RetryPeriod 2 s as kube-controller-manager and controller-runtime use
 * them, ReleaseOnCancel as controller-runtime recommends it; candidates wait RetryPeriod and up to
 * 1.2 times as much again between attempts.
 *
 * Only what the measurement needs: errors count as a failed attempt.
 */
import {
  CoordinationV1Api,
  type Lease,
  toLease,
} from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { isNotFound, type Transport } from "../../kube/mod.ts";

const LEASE_DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_PERIOD_MS = 2_000;
const JITTER_FACTOR = 1.2;

/** What an elector tells. */
export interface ElectorCallbacks {
  onLeading(): void;
  onFollowing(leader: string): void;
}

/** Options of {@linkcode runElector}. */
export interface ElectorOptions {
  namespace: string;
  name: string;
  identity: string;
  callbacks: ElectorCallbacks;
  /** Gives the Lease back. */
  signal: AbortSignal;
}

/** Stands for election until the signal aborts or the term is lost, as client-go does. */
export async function runElector(client: Transport, options: ElectorOptions): Promise<void> {
  const { namespace, name, identity, callbacks, signal } = options;
  const leases = new CoordinationV1Api(client).namespace(namespace);
  let observed: { text: string; at: number; lease?: Lease } = { text: "", at: 0 };
  let told: string | undefined;

  async function tryAcquireOrRenew(): Promise<boolean> {
    let lease: Lease | undefined;
    try {
      lease = await leases.getLease(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (!lease) {
      observe(await leases.createLease(leaseOf(identity, { transitions: 0 })));
      return true;
    }
    observe(lease);
    const { holderIdentity, leaseTransitions } = lease.spec!;
    const held = performance.now() < observed.at + LEASE_DURATION_MS;
    if (holderIdentity && holderIdentity !== identity && held) return false;
    const transitions = (leaseTransitions ?? 0) + (holderIdentity === identity ? 0 : 1);
    observe(await leases.replaceLease(name, leaseOf(identity, { transitions, base: lease })));
    return true;
  }

  function observe(lease: Lease): void {
    const text = JSON.stringify(lease.spec);
    if (text !== observed.text) observed = { text, at: performance.now(), lease };
    else observed.lease = lease;
    const holder = lease.spec?.holderIdentity ?? "";
    if (holder !== told && holder !== identity) callbacks.onFollowing(holder);
    told = holder;
  }

  function leaseOf(holder: string, { transitions, base }: { transitions: number; base?: Lease }) {
    const now = new Date().toISOString().replace("Z", "000Z");
    return toLease({
      metadata: {
        name,
        namespace,
        ...(base && { resourceVersion: base.metadata!.resourceVersion! }),
      },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: LEASE_DURATION_MS / 1000,
        leaseTransitions: transitions,
        acquireTime: now,
        renewTime: now,
      },
    });
  }

  while (!signal.aborted && !await tryAcquireOrRenew().catch(() => false)) {
    await pause(RETRY_PERIOD_MS * (1 + Math.random() * JITTER_FACTOR), signal);
  }
  if (signal.aborted) return;
  callbacks.onLeading();
  for (let renewed = performance.now(); !signal.aborted;) {
    await pause(RETRY_PERIOD_MS, signal);
    if (signal.aborted) break;
    if (await tryAcquireOrRenew().catch(() => false)) renewed = performance.now();
    else if (performance.now() > renewed + RENEW_DEADLINE_MS) break;
  }
  const base = observed.lease!;
  const transitions = base.spec?.leaseTransitions ?? 0;
  await leases.replaceLease(name, leaseOf("", { transitions, base })).catch(() => {});
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
