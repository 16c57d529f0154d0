/**
 * What belongs to a head, made as it should be: its account, Service, Role and binding.
 *
 * Each part is tied to the head, with which it is collected. A part that a definition has no more goes with
 * the head too, but for what permits something: that is withdrawn before the head is applied.
 *
 * @module
 */
import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { KubeObject, MergePatch } from "../../kube/mod.ts";
import { type Head, type Part, PART_KINDS } from "../heads.ts";
import { ANNOTATIONS, LABELS } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { type Definition, drift } from "./definition/mod.ts";
import type { Decision, FencedTarget, FencedWriter } from "./fenced_writer.ts";

/** What is needed to write parts. */
export interface PartsContext {
  readonly writer: FencedWriter;
  readonly mandate: Mandate;
  /** The coordinator's name. */
  readonly coordinator: string;
  /** Ends it too, beside the end of the mandate. */
  readonly signal: AbortSignal;
  /** Objects as they were last seen, to begin without a read. */
  readonly seen: { part(part: Part): Part | undefined };
}

/** Options of {@linkcode completeParts}. */
export interface CompletePartsOptions {
  /** Leaves what somebody else has changed as it is. @default false */
  readonly keepDrift?: boolean;
}

/**
 * Creates the parts of a head that are missing, makes them as they should be, and ties them to the head;
 * tells whether it wrote anything.
 */
export async function completeParts(
  { head: wanted, parts }: Definition,
  head: Head,
  context: PartsContext,
  options: CompletePartsOptions = {},
): Promise<boolean> {
  let written = await withdrawRole(wanted, head, context);
  for (const part of parts) {
    if (await completePart(part, head, { ...context, ...options })) written = true;
  }
  return written;
}

/** Refuses to go on if a part's name is taken by what is somebody else's. */
export async function refuseForeignParts(
  { parts }: Definition,
  context: PartsContext,
): Promise<void> {
  const { writer, mandate, signal } = context;
  for (const part of parts) {
    await writer.write(targetOf(part), mandate, (live): undefined => {
      if (live !== undefined) refuseForeign(live, part, context);
    }, { signal });
  }
}

async function completePart(
  part: Part,
  head: Head,
  context: PartsContext & CompletePartsOptions,
): Promise<boolean> {
  const { writer, mandate, signal, seen } = context;
  const ownerReferences = [ownedBy(head)];
  let written = false;
  let deleted = false;
  await writer.write(targetOf(part), mandate, (live): Decision<Part> => {
    written = true;
    deleted = false;
    if (live === undefined) {
      return {
        verb: "create",
        object: { ...part, metadata: { ...part.metadata, ownerReferences } },
      };
    }
    refuseForeign(live, part, context);
    // one that is of an earlier head would be collected with it
    const isTied = live.metadata?.ownerReferences?.some(({ uid }) => uid === head.metadata?.uid);
    const drifted = context.keepDrift ? [] : drift(part, live);
    const isRight = drifted.length === 0;
    written = !isTied || !isRight;
    if (!written) return undefined;
    // what a binding gives cannot be changed
    deleted = part.kind === "RoleBinding" && drifted.some((path) => path.startsWith("roleRef"));
    if (deleted) return { verb: "delete" };
    const content = isRight ? {} : contentOf(part);
    const tie = isTied ? {} : { ownerReferences } as unknown as MergePatch;
    return {
      verb: "merge",
      patch: { ...content, metadata: { ...content.metadata as MergePatch, ...tie } },
    };
  }, { signal, seen: seen.part(part) });
  if (deleted) {
    await completePart(part, head, { ...context, seen: { part: () => undefined } });
  }
  return written;
}

/** Takes away the Role of a head that is to have none any more; the head tells whether it has one. */
async function withdrawRole(
  { metadata }: Head,
  live: Head,
  { writer, mandate, signal }: PartsContext,
): Promise<boolean> {
  const had = live.metadata?.annotations?.[ANNOTATIONS.primitives] !== undefined;
  if (!had || metadata?.annotations?.[ANNOTATIONS.primitives] !== undefined) return false;
  const { name, namespace } = metadata!;
  for (const kind of ["RoleBinding", "Role"] as const) {
    const target = { kind: PART_KINDS[kind], namespace: namespace!, name: name! };
    await writer.write(target, mandate, (found): Decision<Part> => {
      return found && isSameWorkload(found, live) ? { verb: "delete" } : undefined;
    }, { signal });
  }
  return true;
}

/** What a part should have, as a patch; lists are whole in it. */
function contentOf(part: Part): MergePatch {
  const { apiVersion: _, kind: __, metadata, ...content } = PART_KINDS[part.kind].encode(part) as {
    metadata?: { labels?: MergePatch };
  } & MergePatch;
  return { ...content, metadata: { labels: metadata?.labels } };
}

function targetOf(part: Part): FencedTarget<Part> {
  const { name, namespace } = part.metadata!;
  return { kind: PART_KINDS[part.kind], namespace: namespace!, name: name! };
}

/** The reference that lets a head's deletion take a part with it. */
export function ownedBy({ apiVersion = "", kind = "", metadata }: KubeObject): OwnerReference {
  return { apiVersion, kind, name: metadata?.name ?? "", uid: metadata?.uid ?? "" };
}

/** Objects are known by their labels; one of the same name without them is somebody else's. */
export function refuseForeign(
  live: Head | Part,
  wanted: Head | Part,
  { coordinator }: Pick<PartsContext, "coordinator">,
): void {
  if (isSameWorkload(live, wanted)) return;
  const owner = live.metadata?.labels?.[LABELS.coordinator];
  const whose = owner !== undefined && owner !== coordinator
    ? `belongs to coordinator "${owner}"`
    : `is not of coordinator "${coordinator}"`;
  throw new Error(
    `Cannot run "${wanted.metadata?.labels?.[LABELS.workload]}" in namespace ` +
      `"${wanted.metadata?.namespace}": a ${wanted.kind} of that name exists and ${whose}; ` +
      "choose another name or delete it",
  );
}

function isSameWorkload(live: Head | Part, wanted: Head | Part): boolean {
  const labels = live.metadata?.labels ?? {};
  return [LABELS.coordinator, LABELS.workload]
    .every((key) => labels[key] === wanted.metadata?.labels?.[key]);
}
