/**
 * No benchmark of its own, but the pods that `reflector_bench.ts` works with: as a Deployment
 * makes them, with the managedFields of the four writers that touch a running pod.
 *
 * @module
 */

/** Bytes of a pod as JSON, on average of real clusters without sidecars. */
const POD_BYTES = 4_096;

const STARTED = "2024-05-04T10:11:12Z";

/** A running pod as JSON text of 4 kB. */
export function podJson(index: number, resourceVersion: number): string {
  const app = `app-${index % 50}`;
  const hash = (index * 2_654_435_761 % 2 ** 32).toString(16).padStart(8, "0");
  const name = `${app}-7d9c5b6f8-${hash.slice(0, 5)}${index}`;
  const ip = `10.${index >> 16 & 255}.${index >> 8 & 255}.${index & 255}`;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${app}-7d9c5b6f8-`,
      namespace: `team-${index % 20}`,
      uid: `${hash}-1d2e-4f5a-8b6c-${String(index).padStart(12, "0")}`,
      resourceVersion: String(resourceVersion),
      creationTimestamp: STARTED,
      labels: { app, "pod-template-hash": "7d9c5b6f8" },
      annotations: { padding: "" },
      ownerReferences: [{
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: `${app}-7d9c5b6f8`,
        uid: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        controller: true,
        blockOwnerDeletion: true,
      }],
      managedFields: [] as unknown[],
    },
    spec: {
      volumes: [{
        name: "kube-api-access",
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
          ],
          defaultMode: 420,
        },
      }],
      containers: [{
        name: "main",
        image: `registry.example.com/team/${app}:v1.2.3`,
        ports: [{ name: "http", containerPort: 8086, protocol: "TCP" }],
        env: [
          { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          { name: "TROUPE_WORKLOAD", value: app },
        ],
        resources: { limits: { memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
        volumeMounts: [{
          name: "kube-api-access",
          readOnly: true,
          mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
        }],
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        imagePullPolicy: "IfNotPresent",
      }],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      nodeName: `node-${index % 100}`,
      securityContext: {},
      schedulerName: "default-scheduler",
      tolerations: [{
        key: "node.kubernetes.io/not-ready",
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      }],
      priority: 0,
      enableServiceLinks: true,
    },
    status: {
      phase: "Running",
      conditions: ["Ready", "PodScheduled"].map((type) => ({
        type,
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: STARTED,
      })),
      hostIP: `192.168.0.${index % 100}`,
      podIP: ip,
      podIPs: [{ ip }],
      startTime: STARTED,
      containerStatuses: [{
        name: "main",
        state: { running: { startedAt: STARTED } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: `registry.example.com/team/${app}:v1.2.3`,
        imageID: "",
        containerID: `containerd://${hash.repeat(8)}`,
        started: true,
      }],
      qosClass: "Burstable",
    },
  };
  // What a controller and the kubelet set, not what admission adds.
  const { containers, restartPolicy, terminationGracePeriodSeconds } = pod.spec;
  const { generateName, labels, ownerReferences } = pod.metadata;
  pod.metadata.managedFields.push(
    managed("kube-controller-manager", undefined, {
      metadata: { generateName, labels, ownerReferences },
      spec: { containers, restartPolicy, terminationGracePeriodSeconds },
    }),
    managed("kubelet", "status", { status: pod.status }),
  );
  const missing = POD_BYTES - JSON.stringify(pod).length;
  pod.metadata.annotations.padding = "x".repeat(Math.max(0, missing));
  return JSON.stringify(pod);
}

function managed(manager: string, subresource: string | undefined, owned: unknown): unknown {
  return {
    manager,
    operation: "Update",
    apiVersion: "v1",
    time: STARTED,
    fieldsType: "FieldsV1",
    fieldsV1: fieldsOf(owned),
    subresource,
  };
}

/** The set of fields of a value, in the form that managedFields have. */
function fieldsOf(owned: unknown): unknown {
  if (typeof owned !== "object" || owned === null) return {};
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(owned)) {
    if (value === undefined) continue;
    fields[Array.isArray(owned) ? listKey(value) : `f:${name}`] = fieldsOf(value);
  }
  return fields;
}

function listKey(item: Record<string, unknown>): string {
  const key = ["name", "containerPort", "type", "mountPath", "uid", "ip"].find((k) => k in item);
  return `k:${JSON.stringify(key ? { [key]: item[key] } : {})}`;
}
