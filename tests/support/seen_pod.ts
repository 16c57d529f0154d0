import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { podState } from "../../coordinator/events/pod_state.ts";

/** A pod as far as a stream of its states is validated: small enough to be printed. */
export interface SeenPod {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string };
  /** All that a handler is shown of it, as text. */
  visible: string;
}

/** What of a pod is validated. */
export function seenPod(pod: Pod): SeenPod {
  const { name, namespace, uid, resourceVersion } = pod.metadata ?? {};
  return {
    metadata: {
      name: name ?? "",
      namespace: namespace ?? "",
      uid: uid ?? "",
      resourceVersion: resourceVersion ?? "",
    },
    visible: JSON.stringify({ ...podState(pod), source: undefined }),
  };
}
