import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Role, RoleBinding } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { coordinatorRules } from "./coordinator_role.ts";
import { HEALTH_PORT_NAME, LIVENESS, READINESS } from "./probes.ts";
import { restrictedPod } from "./restricted_pod.ts";

/** Two are enough: one leads, and one is there to take over when a node or a rollout ends it. */
const SUPERVISORS = 2;

/** Where probes and Prometheus are answered. */
const HEALTH_PORT = 8080;

/** What a supervisor is told of its pod: who it is in the election, where it works and listens. */
const ENVIRONMENT = {
  POD_NAME: "metadata.name",
  POD_NAMESPACE: "metadata.namespace",
  POD_IP: "status.podIP",
};

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
  /**
   * How many supervisors, one of which leads.
   * @default 2
   */
  supervisors?: number;
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
  const { supervisors = SUPERVISORS } = options;
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "greeter" };
  const metadata = { name, namespace, labels };
  const selector = { matchLabels: { "app.kubernetes.io/name": name } };
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
      rules: coordinatorRules({ election: true, kinds: ["Deployment"] }),
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
        replicas: supervisors,
        // a new one has its caches complete before an old one ends, which may be the leader
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector,
        template: {
          metadata: { labels },
          spec: {
            ...restrictedPod(supervisorContainer(options), {
              serviceAccountName: name,
              automountServiceAccountToken: true,
            }),
            // apart where there are several nodes; where there is one they still both run
            topologySpreadConstraints: [{
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: selector,
            }],
          },
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
      "--election",
      `--health-port=${HEALTH_PORT}`,
    ],
    env: Object.entries(ENVIRONMENT).map(([name, fieldPath]) => ({
      name,
      valueFrom: { fieldRef: { fieldPath } },
    })),
    ports: [{ name: HEALTH_PORT_NAME, containerPort: HEALTH_PORT }],
    readinessProbe: READINESS,
    livenessProbe: LIVENESS,
  };
}
