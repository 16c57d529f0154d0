import { isNotFound } from "../../kube/mod.ts";
import type { Item, Kind, ObjectClient } from "../objects/mod.ts";
import type { Claims } from "./claims.ts";

/** What {@linkcode takeClaims} works with. */
export interface TakeClaimsOptions<T extends Item> {
  readonly client: ObjectClient;
  /** Who claims. */
  readonly owner: T;
  readonly kind: Kind<T>;
  readonly signal: AbortSignal;
}

/**
 * Writes who owns what. Before it adopts, it asks the server whether the owner is still there:
 * the cache may not yet know that it is being deleted.
 */
export async function takeClaims<T extends Item>(
  { adoptions, releases }: Pick<Claims<Item>, "adoptions" | "releases">,
  { client, owner, kind, signal }: TakeClaimsOptions<T>,
): Promise<void> {
  if (adoptions.length > 0) {
    const { metadata } = await client.get(kind, owner.metadata, { signal });
    if (metadata.uid !== owner.metadata.uid || metadata.deletionTimestamp) {
      throw new Error(
        `Cannot adopt for ${kind.kind} "${metadata.name}": it was deleted or is being deleted`,
      );
    }
  }
  for (const write of [...adoptions, ...releases]) {
    try {
      await client.write(write, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error; // what is gone needs no owner
    }
  }
}
