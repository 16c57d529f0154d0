import type { Toleration } from "@cloudydeno/kubernetes-apis/core/v1";

/** Milliseconds for which a worker stays on a node that is lost, unless told; Kubernetes' own are 300 s. */
export const NODE_LOSS_TIMEOUT = 10_000;

const LOST: readonly string[] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/**
 * Tolerations by which a pod leaves a lost node soon, so that it is replaced elsewhere: after `timeout`
 * milliseconds from when the cluster has noticed (40 to 50 s after the last sign of life), in whole
 * seconds.
 */
export function nodeLossTolerations(timeout: number = NODE_LOSS_TIMEOUT): Toleration[] {
  return LOST.map((key) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: Math.ceil(timeout / 1000),
  }));
}
