/** A session as a Lease: what stands in it. */
import { LEASES } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { type LeaseJson, microTime } from "../election/lease_record.ts";
import { PRIMITIVE_LABEL } from "../record/record_object.ts";

/** The pod that a session ends with: the Lease is collected with it. */
export interface OwnerPod {
  readonly name: string;
  readonly uid: string;
}

/** What a session is known by. */
export interface SessionInit {
  /** Name of the Lease. */
  readonly name: string;
  /** Added to those that every session has. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** @default the pod that this process runs in, if it knows of one in the namespace */
  readonly owner?: OwnerPod;
}

/** The Lease to create. */
export function newSessionLease(
  { name, labels, annotations, owner }: SessionInit,
  { namespace, identity, timing, clock }: RequestContext,
): LeaseJson {
  const now = microTime(clock.date());
  return {
    apiVersion: LEASES.apiVersion,
    kind: LEASES.kind,
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        "app.kubernetes.io/managed-by": "troupe",
        [PRIMITIVE_LABEL]: "session",
      },
      annotations,
      ...owner && { ownerReferences: [{ apiVersion: "v1", kind: "Pod", ...owner }] },
    },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: timing.leaseDuration / 1000,
      leaseTransitions: 0,
      acquireTime: now,
      renewTime: now,
    },
  };
}

/** The Lease to replace it by. The count changes with each renewal, also if the calendar stands still. */
export function renewedLease(lease: LeaseJson, date: Date): LeaseJson {
  const { spec } = lease;
  const leaseTransitions = (spec?.leaseTransitions ?? 0) + 1;
  return { ...lease, spec: { ...spec, leaseTransitions, renewTime: microTime(date) } };
}

/** The pod that this process runs in, by the downward API, if Deno may read that. */
export function ownPod(namespace: string): OwnerPod | undefined {
  const [name, uid, its] = ["POD_NAME", "POD_UID", "POD_NAMESPACE"].map((variable) =>
    Deno.permissions.querySync({ name: "env", variable }).state === "granted"
      ? Deno.env.get(variable)
      : undefined
  );
  return name && uid && its === namespace ? { name, uid } : undefined;
}
