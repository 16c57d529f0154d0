import type { ObjectMeta } from "@cloudydeno/kubernetes-apis/meta/v1";
import { LABELS } from "../labels.ts";
import type { HeadState } from "./workload_event.ts";

/** Options of what reads a state. */
export interface StateOptions {
  /** The object is gone. */
  deleted?: boolean;
}

/** Why something is as it is. */
export interface Why {
  /** In one word. */
  readonly reason: string | undefined;
  /** For people. */
  readonly message: string | undefined;
}

/** The fields of {@linkcode HeadState} that are read from the metadata of any kind. */
export type IdentityFields = Pick<HeadState, "name" | "namespace" | "uid" | "workload" | "labels">;

/** Reads what identifies an object. */
export function identityOf(metadata: ObjectMeta | null | undefined): IdentityFields {
  const labels = metadata?.labels ?? {};
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    uid: metadata?.uid ?? "",
    workload: labels[LABELS.workload] ?? "",
    labels,
  };
}

/** Whether an object is being deleted or gone. */
export function isEnding(
  metadata: ObjectMeta | null | undefined,
  { deleted = false }: StateOptions,
): boolean {
  return deleted || metadata?.deletionTimestamp != null;
}

/** Whether the status speaks of what was last applied. */
export function isObserved(
  metadata: ObjectMeta | null | undefined,
  status: { observedGeneration?: number | null } | null | undefined,
): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 1);
}

/** A condition, as every kind has them. */
interface Condition {
  type: string;
  status: string;
  reason?: string | null;
  message?: string | null;
}

/** The first condition that is of one of these types and has the status at its side. */
export function firstCondition(
  conditions: readonly Condition[] | null | undefined,
  telling: readonly (readonly [type: string, status: string])[],
): Condition | undefined {
  for (const [type, status] of telling) {
    const found = conditions?.find((c) => c.type === type && c.status === status && c.reason);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why an object that is not ready is so, by a condition that says it. */
export function whyOf(ending: boolean, condition: Condition | undefined): Why {
  if (ending) return { reason: "Terminating", message: undefined };
  return { reason: condition?.reason || undefined, message: condition?.message || undefined };
}

/** There is nothing to explain. */
export const NOTHING: Why = { reason: undefined, message: undefined };
