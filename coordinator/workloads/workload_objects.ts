import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { Container, EnvVar, ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import { restrictedPod } from "../../manifests/mod.ts";
import { type Ownership, ownLabels, selectorLabels, WORKER_CONTAINER } from "../labels.ts";
import type { CheckedRunParams } from "./run_params.ts";

/** What the downward API tells a worker about its pod, by variable. */
const DOWNWARD: Readonly<Record<string, string>> = {
  POD_NAME: "metadata.name",
  POD_NAMESPACE: "metadata.namespace",
  POD_IP: "status.podIP",
  POD_UID: "metadata.uid",
  NODE_NAME: "spec.nodeName",
  HOST_IP: "status.hostIP",
};

/** The deployment of a workload, as it is applied. `uid` demands that it be that very one. */
export function workloadDeployment(
  params: CheckedRunParams,
  coordinator: string,
  options: { uid?: string; owners?: OwnerReference[] } = {},
): Deployment {
  const owner = { coordinator, workload: params.name };
  const labels = { ...params.labels, ...ownLabels(owner) };
  const annotations = params.annotations;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: params.name,
      namespace: params.namespace,
      labels,
      annotations,
      ownerReferences: options.owners,
      uid: options.uid,
    },
    spec: {
      replicas: params.replicas,
      selector: { matchLabels: selectorLabels(owner) },
      template: {
        metadata: { labels, annotations },
        spec: restrictedPod(workerContainer(params, owner), {
          serviceAccountName: params.name,
          automountServiceAccountToken: false,
        }),
      },
    },
  };
}

function workerContainer(params: CheckedRunParams, owner: Ownership): Container {
  const { image, imagePullPolicy, port, command, args } = params;
  return {
    name: WORKER_CONTAINER,
    image,
    imagePullPolicy,
    command,
    args,
    env: workerEnv(params, owner),
    ...(port === undefined ? {} : {
      ports: [{ name: "main", containerPort: port, protocol: "TCP" }],
      // A connect says nothing about paths, so it suits any image that listens. There is no
      // liveness probe: a worker whose event loop is busy is not to be killed blindly.
      readinessProbe: { tcpSocket: { port }, periodSeconds: 2 },
    }),
  };
}

function workerEnv(params: CheckedRunParams, owner: Ownership): EnvVar[] {
  const env: EnvVar[] = Object.entries(DOWNWARD).map(([name, fieldPath]) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  }));
  env.push({ name: "TROUPE_COORDINATOR", value: owner.coordinator });
  env.push({ name: "TROUPE_WORKLOAD", value: owner.workload });
  if (params.port !== undefined) env.push({ name: "TROUPE_PORT", value: String(params.port) });
  for (const [name, value] of Object.entries(params.envs ?? {})) env.push({ name, value });
  return env;
}

/** The ServiceAccount of a workload's pods: without any permission, and tied to its deployment. */
export function workloadServiceAccount(
  params: CheckedRunParams,
  coordinator: string,
  options: { uid?: string; owners?: OwnerReference[] } = {},
): ServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name: params.name,
      namespace: params.namespace,
      labels: ownLabels({ coordinator, workload: params.name }),
      ownerReferences: options.owners,
      uid: options.uid,
    },
    automountServiceAccountToken: false,
  };
}

/** The reference that lets a deployment's deletion take an object with it. */
export function ownedBy(deployment: Deployment): OwnerReference {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: deployment.metadata?.name ?? "",
    uid: deployment.metadata?.uid ?? "",
  };
}
