/**
 * A Lease as JSON, so that a write gives back every field that was read, whoever knows it; and the
 * few fields of it that an election judges by.
 */
import { type KubeObject, LEASES, type ResourceKind } from "../../kube/mod.ts";

/** A Lease as the API server sends it. */
export interface LeaseJson {
  /** `coordination.k8s.io/v1` */
  readonly apiVersion?: string;
  /** `Lease` */
  readonly kind?: string;
  /** What is read of its metadata. */
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  /** What is read of its spec. */
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly leaseTransitions?: number | null;
    readonly acquireTime?: string | null;
    readonly renewTime?: string | null;
  };
}

/** Leases, undecoded. */
export const RAW_LEASES: ResourceKind<LeaseJson & KubeObject> = {
  ...LEASES,
  decode: (raw) => raw as LeaseJson & KubeObject,
};

/**
 * The annotation that tells two candidates apart that were given the same identity by mistake, or a
 * program from its former start: something random of each `Election`.
 */
export const INSTANCE_ANNOTATION = "troupe.dev/election-instance";

/** A Lease, as an election judges it. */
export interface LeaseRecord {
  /** The resourceVersion as a number. */
  readonly version: number;
  /** Names this Lease, and not another of its name that follows a deletion. */
  readonly uid: string;
  /** Who holds it, nothing when it was released. */
  readonly holder?: string;
  /** Which `Election` wrote it last, if one did. */
  readonly instance?: string;
  /** How long the holder is believed after a renewal, in milliseconds; nothing if it does not say. */
  readonly durationMs?: number;
  /** How often it changed hands. */
  readonly transitions: number;
  /** Changes with each renewal, and says nothing else. */
  readonly mark: string;
  /** What was read. */
  readonly json: LeaseJson;
}

/**
 * Reads a Lease.
 *
 * @throws {TypeError} when its resourceVersion is no number that a fencing token can be made of
 */
export function toLeaseRecord(json: LeaseJson): LeaseRecord {
  const { metadata = {}, spec = {} } = json;
  const version = Number(metadata.resourceVersion || NaN);
  if (!Number.isSafeInteger(version)) {
    throw new TypeError(
      `Cannot make a fencing token of Lease "${metadata.namespace}/${metadata.name}": ` +
        `its resourceVersion is "${metadata.resourceVersion}"`,
    );
  }
  const seconds = spec.leaseDurationSeconds ?? 0;
  return {
    version,
    uid: metadata.uid ?? "",
    holder: spec.holderIdentity || undefined,
    instance: metadata.annotations?.[INSTANCE_ANNOTATION],
    durationMs: seconds > 0 ? seconds * 1000 : undefined,
    transitions: spec.leaseTransitions ?? 0,
    mark: `${spec.acquireTime} ${spec.renewTime}`,
    json,
  };
}

/** Who writes a Lease, and how. */
export interface LeaseWriter {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Goes into {@linkcode INSTANCE_ANNOTATION}. */
  readonly instance: string;
  readonly leaseDuration: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a write of the Lease means: a new term, a term that goes on, or the end of one. */
export type LeaseWrite = "acquire" | "renew" | "release";

/** What a Lease is made from. */
export interface LeaseBase {
  /** The Lease that was read; nothing when it has to be created. */
  readonly lease?: LeaseRecord;
  /** The highest count of transitions that was seen, also in a Lease that is gone; none if no Lease was. */
  readonly transitions?: number;
  /** What the calendar says. */
  readonly date: Date;
}

/**
 * The Lease to write. It names version and uid of the one that was read, so that the API server
 * refuses it when another write came between, or when the Lease is not that one any more.
 */
export function leaseToWrite(write: LeaseWrite, base: LeaseBase, writer: LeaseWriter): LeaseJson {
  const { metadata, spec } = base.lease?.json ?? {};
  const now = microTime(base.date, spec?.renewTime);
  const { transitions = -1 } = base;
  return {
    ...base.lease?.json,
    apiVersion: RAW_LEASES.apiVersion,
    kind: RAW_LEASES.kind,
    metadata: {
      ...metadata,
      name: writer.name,
      namespace: writer.namespace,
      labels: { ...metadata?.labels, ...writer.labels },
      annotations: { ...metadata?.annotations, [INSTANCE_ANNOTATION]: writer.instance },
    },
    spec: {
      ...spec,
      holderIdentity: write === "release" ? "" : writer.identity,
      leaseDurationSeconds: writer.leaseDuration / 1000,
      leaseTransitions: write === "acquire" ? transitions + 1 : Math.max(transitions, 0),
      acquireTime: write === "acquire" ? now : spec?.acquireTime ?? now,
      renewTime: now,
    },
  };
}

/**
 * A time as a Lease has it, with six digits; another one than `former`, because a write that changes
 * nothing is none: a clock that stands still must not look like a leader that does not renew.
 */
export function microTime(date: Date, former?: string | null): string {
  const text = (at: Date) => at.toISOString().replace("Z", "000Z");
  return text(date) === former ? text(new Date(date.getTime() + 1)) : text(date);
}
