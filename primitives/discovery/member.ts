/** Who is there, and how that stands in the Lease of a session. */
import { z } from "zod";
import type { LeaseJson } from "../election/lease_record.ts";
import type { OwnerPod } from "../session/session_lease.ts";

/** The label that tells by its value in which group a session is. */
export const GROUP_LABEL = "troupe.dev/discovery";

/** The annotation that has the rest, as JSON. */
const MEMBER_ANNOTATION = "troupe.dev/member";

/** Each renewal of a member is sent to all who look. */
const MAX_BYTES = 4096;

/** Somebody who is there. */
export interface Member {
  /** Names this presence; who comes back has another one. */
  readonly id: string;
  /** Who it is, for people: the `identity` of its primitives. */
  readonly identity: string;
  /** Where it can be reached, as it says itself. */
  readonly address?: string;
  /** What else it says of itself. */
  readonly data: Readonly<Record<string, string>>;
  /** Name of the pod that it runs in, if it does. */
  readonly pod?: string;
}

/** What a member says of itself. */
export interface MemberInit {
  /**
   * Where it can be reached, such as `"10.0.0.7:8080"`.
   * @default none
   */
  address?: string;
  /**
   * What others should know: its version, its zone. With the address at most 4 KiB as JSON.
   * @default nothing
   */
  data?: Readonly<Record<string, string>>;
}

const annotation = z.object({
  address: z.string().optional(),
  data: z.record(z.string(), z.string()).default({}),
  pod: z.object({ name: z.string(), uid: z.string() }).optional(),
});

/** A member, and what is not told of it. */
export interface Presence extends Member {
  /** Uid of its pod. */
  readonly podUid?: string;
}

/**
 * The annotations of a session that says this.
 *
 * @throws {RangeError} when it is more than 4 KiB
 */
export function memberAnnotations(
  { address, data = {} }: MemberInit,
  pod: OwnerPod | undefined,
): Record<string, string> {
  const text = JSON.stringify({ address, data, pod });
  const { length } = new TextEncoder().encode(text);
  if (length > MAX_BYTES) {
    throw new RangeError(
      `Cannot join: "address" and "data" have ${length} bytes, allowed are ${MAX_BYTES}`,
    );
  }
  return { [MEMBER_ANNOTATION]: text };
}

/**
 * Reads what a session says.
 *
 * @throws {TypeError} when it is not what members say
 */
export function presenceOf({ metadata, spec }: LeaseJson): Presence {
  const id = metadata?.name ?? "";
  try {
    const text = metadata?.annotations?.[MEMBER_ANNOTATION] ?? "";
    const { address, data, pod } = annotation.parse(JSON.parse(text));
    const identity = spec?.holderIdentity ?? "";
    return { id, identity, address, data, pod: pod?.name, podUid: pod?.uid };
  } catch (cause) {
    throw new TypeError(`Cannot read what member "${id}" says of itself`, { cause });
  }
}
