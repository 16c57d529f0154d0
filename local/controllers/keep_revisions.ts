/**
 * Keeps the revisions of a stateful set or a daemon set in the API.
 *
 * @module
 */
import { isAlreadyExists, isConflict, isNotFound } from "../../kube/mod.ts";
import {
  CONTROLLER_REVISIONS,
  controllerOf,
  type ControllerRevision,
  type Kind,
} from "../objects/mod.ts";
import { claim } from "./claims.ts";
import { type ControllerContext, GROUP } from "./context.ts";
import { holds, planRevision, type Revisioned } from "./controller_revisions.ts";
import { takeClaims } from "./take_claims.ts";

/** What {@linkcode keepRevisions} needs to know. */
export interface KeepRevisionsOptions<T extends Revisioned> {
  readonly kind: Kind<T>;
  /** The label that holds a revision's hash. */
  readonly hashLabel: string;
  readonly signal: AbortSignal;
}

/** The revisions of a set. */
export interface Revisions {
  /** The one that holds its template. */
  readonly update: ControllerRevision;
  /** All of them, that one included. */
  readonly all: readonly ControllerRevision[];
}

/**
 * Adopts and releases revisions, and makes sure that the set's template is the highest one.
 *
 * @returns `undefined` when the name of a new one is taken by something else: the set's status
 *   then counts the collision, and the next pass takes another name.
 */
export async function keepRevisions<T extends Revisioned>(
  context: ControllerContext,
  set: T,
  { kind, hashLabel, signal }: KeepRevisionsOptions<T>,
): Promise<Revisions | undefined> {
  const { client, revisions } = context;
  const { uid, namespace } = set.metadata;
  const claims = claim(set, [
    ...revisions.index.in(GROUP.controlledBy(uid)),
    ...revisions.index.in(GROUP.orphans(namespace)),
  ], { kind: CONTROLLER_REVISIONS });
  await takeClaims(claims, { client, kind: kind as Kind<Revisioned>, owner: set, signal });
  const plan = planRevision(set, claims.owned, { hashLabel });
  switch (plan.do) {
    case "use":
      return { update: plan.revision, all: claims.owned };
    case "renumber": {
      await client.write(plan.write, { signal });
      const all = claims.owned.map((one) =>
        one.metadata.uid === plan.revision.metadata.uid ? plan.revision : one
      );
      return { update: plan.revision, all };
    }
    case "create": {
      const { name = "" } = plan.draft.metadata;
      const update = await created() ?? await found(name);
      return update && { update, all: [...claims.owned, update] };
    }
  }

  async function created(): Promise<ControllerRevision | undefined> {
    if (plan.do !== "create") return undefined;
    try {
      const write = { verb: "create", kind: CONTROLLER_REVISIONS, object: plan.draft } as const;
      return await client.write(write, { signal }) as ControllerRevision;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return undefined;
    }
  }

  /** What has the name: ours, which the cache did not know yet, or a collision. */
  async function found(name: string): Promise<ControllerRevision | undefined> {
    const present = await client.get(CONTROLLER_REVISIONS, { namespace, name }, { signal });
    const isOurs = controllerOf(present)?.uid === uid && holds(present, set.spec.template);
    if (isOurs) return present;
    const collisionCount = (set.status?.collisionCount ?? 0) + 1;
    const object = { ...set, status: { ...set.status, collisionCount } };
    await client.write({ verb: "update", kind, object, subresource: "status" }, { signal });
    return undefined;
  }
}

/** Deletes revisions; one that is gone or was changed meanwhile is left to the next pass. */
export async function removeRevisions(
  { client }: Pick<ControllerContext, "client">,
  revisions: readonly ControllerRevision[],
  signal: AbortSignal,
): Promise<void> {
  for (const { metadata: { namespace, name, uid, resourceVersion } } of revisions) {
    const target = { namespace, name };
    const options = { uid, resourceVersion };
    try {
      await client.write({ verb: "delete", kind: CONTROLLER_REVISIONS, target, options }, {
        signal,
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
