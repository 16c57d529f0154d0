/**
 * Taints and the tolerations that meet them.
 *
 * @module
 */
import type { Taint, Toleration } from "./types.ts";

/** Taint of a node whose agent says that it is not ready. */
export const NOT_READY_TAINT = "node.kubernetes.io/not-ready";
/** Taint of a node that has not been heard of. */
export const UNREACHABLE_TAINT = "node.kubernetes.io/unreachable";
/** Taint of a cordoned node. */
export const UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable";

/** Whether `toleration` tolerates `taint`. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "") {
    case "":
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "") && Boolean(toleration.key);
    case "Exists":
      return true;
    default:
      return false;
  }
}

/** Whether any of `tolerations` tolerates `taint`. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[] = []): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}
