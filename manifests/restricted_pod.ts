import { Quantity } from "@cloudydeno/kubernetes-apis/common.ts";
import type { Container, PodSpec } from "@cloudydeno/kubernetes-apis/core/v1";

/**
 * The user that containers run as: distroless images' `nonroot`. Stated here so that also an image
 * without a user of its own, or with one by name, runs and does not run as root.
 */
const NON_ROOT_USER = 65532;

/** How long a pod may take to end after SIGTERM, in seconds: Kubernetes' own default. */
const GRACE_SECONDS = 30;

/** Options of {@linkcode restrictedPod}. */
export interface RestrictedPodOptions {
  /** ServiceAccount that the pod runs as. */
  serviceAccountName: string;
  /** Whether the pod gets that account's token, and so may use the Kubernetes API. */
  automountServiceAccountToken: boolean;
}

/**
 * A pod of one container that meets the `restricted` Pod Security Standard: not root, no
 * capabilities, the runtime's seccomp profile, a read-only root file system (with a writable
 * `/tmp`), and resource requests.
 */
export function restrictedPod(container: Container, options: RestrictedPodOptions): PodSpec {
  return {
    ...options,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: NON_ROOT_USER,
      runAsGroup: NON_ROOT_USER,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [{
      ...container,
      resources: { requests: { cpu: new Quantity(50, "m"), memory: new Quantity(64, "Mi") } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    }],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}
