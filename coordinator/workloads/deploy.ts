/**
 * Makes the cluster match a definition.
 *
 * Flow, for a workload that is not there: let the server check the head without storing it (what is
 * refused must leave nothing behind), look whether a part of that name is somebody else's, create
 * the seed of the head, create the parts (owned by the head, so they can only follow it), apply the
 * head. For one that is there: complete the parts, apply the head unless it is what was defined; each
 * of them is written only if it is not as it should be.
 * What ran under the name as another kind is deleted first, and its end awaited.
 * It is sequential, as pods need the parts. All writes are fenced; each step finds what an earlier,
 * interrupted run has done, so it can be repeated at any point, also by the next leader.
 *
 * @module
 */
import { ApiError, type WritableKind } from "../../kube/mod.ts";
import type { Head, HeadKind } from "../heads.ts";
import { ANNOTATIONS } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import {
  completeParts,
  type PartsContext,
  refuseForeign,
  refuseForeignParts,
} from "./complete_parts.ts";
import { type Definition, drift } from "./definition/mod.ts";
import { type Decision, type FencedTarget, termOf } from "./fenced_writer.ts";
import { countedWithin, type Kept, kept } from "./operations/kept.ts";
import { isSeed, remainder, seedOf } from "./seed.ts";

/** What is needed to deploy. */
export interface DeployContext extends PartsContext {
  /** How a kind of head is called by this server. */
  readonly kindOf: (kind: HeadKind) => WritableKind<Head>;
  readonly seen: PartsContext["seen"] & {
    head(head: Head): Head | undefined;
    /** What runs under the same name as another kind. */
    others(head: Head): readonly Head[];
  };
  /** Resolves when the head of that uid is gone. */
  readonly gone: (head: Head) => Promise<void>;
}

/** What came of it. */
export interface Deployed {
  /** The head as it is stored. */
  readonly head: Head;
  /** Whether anything was written. */
  readonly written: boolean;
  /** Paths of fields that were not as defined, though the definition was applied before. */
  readonly drifted: readonly string[];
}

/** Options of {@linkcode deploy}. */
export interface DeployOptions {
  /**
   * What operations have set and is left as it is, unless the definition was changed.
   * @default nothing
   */
  readonly keep?: Kept;
  /**
   * Leaves what somebody else has changed as it is, unless the definition was changed.
   * @default false
   */
  readonly keepDrift?: boolean;
}

/**
 * See the module's text.
 *
 * @throws {Error} when objects of the same name belong to somebody else
 * @throws {NotLeadingError} when the mandate ends
 */
export async function deploy(
  definition: Definition,
  context: DeployContext,
  options: DeployOptions = {},
): Promise<Deployed> {
  const { writer, mandate, signal } = context;
  let written = await removeOthers(definition.head, context);
  // what was seen is trusted once: it may show for long what is no more
  for (let known = context.seen.head(definition.head);; known = undefined) {
    const [live, created] = known ? [known, false] : await create(definition, context);
    written ||= created;
    if (isEnding(live)) {
      await context.gone(live);
      continue;
    }
    const keepDrift = options.keepDrift && hashOf(live) === hashOf(definition.head);
    if (await completeParts(definition, live, context, { keepDrift })) written = true;
    let drifted: string[] = [];
    let replaced = false;
    let applied = false;
    const stored = await writer.write(
      targetOf(definition.head, context),
      mandate,
      (now): Decision<Head> => {
        if (now === undefined || isEnding(now) || !isSame(now, live)) return undefined;
        const changed = hashOf(now) !== hashOf(definition.head);
        const desired = desiredOf(definition.head, now, { keep: options.keep, changed });
        drifted = changed ? [] : drift(desired, now);
        applied = changed || drifted.length > 0 && !options.keepDrift;
        replaced = false;
        if (!applied) return isClaimed(now, mandate) ? undefined : { verb: "merge", patch: {} };
        replaced = changed && now.kind === "Job" && !isSeedOf(now, desired);
        return replaced
          ? { verb: "delete", propagation: "Foreground" }
          : { verb: "apply", object: desired };
      },
      { signal, seen: live },
    ).catch((error) => {
      throw explained(error, definition.head);
    });
    written ||= applied;
    if (replaced) await context.gone(live);
    if (stored === undefined || isEnding(stored) || !isSame(stored, live)) continue;
    const head = await clean(stored, context);
    return { head, written: written || head !== stored, drifted };
  }
}

/** What is applied of a definition, given what is there. */
function desiredOf(
  head: Head,
  live: Head,
  { keep, changed }: { keep: Kept | undefined; changed: boolean },
): Head {
  if (keep === undefined) return head;
  const desired = changed ? head : kept(head, live, keep);
  const isCounted = keep.within === undefined || keep.count && !changed;
  return isCounted ? desired : countedWithin(desired, live, keep.within!);
}

/**
 * Whether an older leader's writes to it are refused. A new leader claims what it sees; this may be in
 * a namespace that it did not know of.
 */
function isClaimed(head: Head, { token }: Mandate): boolean {
  return token === undefined || termOf(head) === token;
}

/** Whether a Job can become what is desired: all but a few fields of it cannot be changed. */
function isSeedOf(live: Head, desired: Head): boolean {
  const isChangeable = (path: string) =>
    path === "spec.parallelism" || path.startsWith("metadata.");
  return isSeed(live) && drift(desired, live).every(isChangeable);
}

/** A refusal in the words of `run`, where those of the API server are not. */
function explained(error: unknown, { kind, metadata }: Head): unknown {
  const isFixed = kind === "StatefulSet" && error instanceof ApiError && error.httpCode === 422 &&
    error.message.includes("updates to statefulset spec");
  if (!isFixed) return error;
  return new Error(
    `Cannot run "${metadata?.name}": "storage" cannot be changed of what is there; delete the ` +
      "workload, which keeps its disks, and run it again",
    { cause: error },
  );
}

function isEnding({ metadata }: Head): boolean {
  return metadata?.deletionTimestamp != null;
}

function isSame(a: Head, b: Head): boolean {
  return a.metadata?.uid === b.metadata?.uid;
}

/** Where a head is written. */
function targetOf(head: Head, { kindOf }: Pick<DeployContext, "kindOf">): FencedTarget<Head> {
  const { name, namespace } = head.metadata!;
  return { kind: kindOf(head.kind), namespace: namespace!, name: name! };
}

/** The hash of what was applied to a head. */
export function hashOf(head: Head): string | undefined {
  return head.metadata?.annotations?.[ANNOTATIONS.definition];
}

/** Deletes what runs under the name as another kind; resolves when it is gone. */
async function removeOthers(desired: Head, context: DeployContext): Promise<boolean> {
  const { writer, mandate, signal, seen } = context;
  const others = seen.others(desired);
  for (const other of others) {
    await writer.write(targetOf(other, context), mandate, (live): Decision<Head> => {
      if (live === undefined || !isSame(live, other)) return undefined;
      refuseForeign(live, desired, context);
      return isEnding(live) ? undefined : { verb: "delete", propagation: "Foreground" };
    }, { signal, seen: other });
    await context.gone(other);
  }
  return others.length > 0;
}

/** The head that is there, or else its seed, created; and whether it was created. */
async function create(
  definition: Definition,
  context: DeployContext,
): Promise<[head: Head, created: boolean]> {
  const { writer, mandate, signal } = context;
  const { head } = definition;
  const target = targetOf(head, context);
  const check = (live: Head | undefined): Decision<Head> => {
    if (live === undefined) return { verb: "create", object: head, dryRun: true };
    refuseForeign(live, head, context);
    return undefined;
  };
  await writer.write(target, mandate, check, { signal });
  await refuseForeignParts(definition, context);
  let created = false;
  const live = await writer.write(target, mandate, (live): Decision<Head> => {
    created = live === undefined;
    if (created) return { verb: "create", object: seedOf(head) };
    refuseForeign(live!, head, context);
    return undefined;
  }, { signal });
  return [live!, created];
}

/** Takes away what is left of the seed. */
async function clean(live: Head, context: DeployContext): Promise<Head> {
  const { writer, mandate, signal } = context;
  if (remainder(live) === undefined) return live;
  const cleaned = await writer.write(targetOf(live, context), mandate, (now): Decision<Head> => {
    const patch = now && remainder(now);
    return patch && { verb: "merge", patch };
  }, { signal, seen: live });
  return cleaned ?? live;
}
