import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Role, RoleBinding } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { coordinatorRules } from "./coordinator_role.ts";
import { restrictedPod } from "./restricted_pod.ts";

/** Options of {@linkcode greeterManifests}. */
export interface GreeterOptions {
  /**
   * Name of all objects.
   * @default "greeter-supervisor"
   */
  name?: string;
  /**
   * Where the supervisor and its workers run.
   * @default "default"
   */
  namespace?: string;
  /**
   * The supervisor's image.
   * @default "supervisor:latest"
   */
  image?: string;
  /**
   * The workers' image.
   * @default "worker:latest"
   */
  workerImage?: string;
  /**
   * How many workers.
   * @default 1
   */
  replicas?: number;
}

/** What `kubectl apply -k manifests` applies. */
export interface GreeterManifests {
  /** Whom the supervisor acts as. */
  readonly serviceAccount: ServiceAccount;
  /** What it may do. */
  readonly role: Role;
  /** Gives the one to the other. */
  readonly roleBinding: RoleBinding;
  /** The supervisor itself. */
  readonly deployment: Deployment;
}

/**
 * The objects of the greeter's supervisor. They carry none of the labels by which a coordinator
 * finds what it made: it must not take itself for a workload.
 */
export function greeterManifests(options: GreeterOptions = {}): GreeterManifests {
  const { name = "greeter-supervisor", namespace = "default" } = options;
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "greeter" };
  const metadata = { name, namespace, labels };
  return {
    serviceAccount: {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata,
      automountServiceAccountToken: false, // the pod asks for it
    },
    role: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: coordinatorRules(),
    },
    roleBinding: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
    deployment: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 1,
        strategy: { type: "Recreate" }, // two of them would greet twice
        selector: { matchLabels: { "app.kubernetes.io/name": name } },
        template: {
          metadata: { labels },
          spec: restrictedPod(supervisorContainer(options), {
            serviceAccountName: name,
            automountServiceAccountToken: true,
          }),
        },
      },
    },
  };
}

function supervisorContainer(options: GreeterOptions): Parameters<typeof restrictedPod>[0] {
  const { image = "supervisor:latest", workerImage = "worker:latest", replicas = 1 } = options;
  return {
    name: "supervisor",
    image,
    imagePullPolicy: "IfNotPresent",
    args: [
      "--namespace=$(POD_NAMESPACE)",
      `--worker-image=${workerImage}`,
      `--replicas=${replicas}`,
    ],
    env: [{ name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
  };
}
