/** The Node object: who this node is, what it has, how it is. */
import type { Node, NodeCondition, NodeStatus } from "@cloudydeno/kubernetes-apis/core/v1";
import { Quantity } from "@cloudydeno/kubernetes-apis/common.ts";

/** What a node offers to pods. */
export interface NodeCapacity {
  /** Cores; fractions count in thousandths. */
  cpu: number;
  /** Bytes. */
  memory: number;
  /** How many pods may be placed here. */
  pods: number;
}

/** What describes a node. */
export interface NodeIdentity {
  readonly name: string;
  readonly hostIP: string;
  /** Port of the kubelet endpoint. */
  readonly endpointPort: number;
  /** PEM of the kubelet endpoint's certificate. */
  readonly endpointCertificate: string;
  readonly capacity: NodeCapacity;
  readonly labels: Readonly<Record<string, string>>;
}

/** As many as a kubelet allows by default. */
const DEFAULT_PODS = 110;

/** The Kubernetes version whose node behavior this agent follows. */
const KUBELET_VERSION = "v1.36.0-troupe";

/** What this machine has. */
export function machineCapacity(): NodeCapacity {
  return {
    cpu: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    pods: DEFAULT_PODS,
  };
}

/** Annotation of a Node that holds the kubelet endpoint's certificate (PEM): who reads it can verify. */
export const CERTIFICATE_ANNOTATION = "troupe.dev/log-certificate";

/** The object with which a node registers. */
export function nodeObject(node: NodeIdentity): Node {
  const os = Deno.build.os;
  const arch = architecture();
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: node.name,
      labels: {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": os,
        "kubernetes.io/arch": arch,
        ...node.labels,
      },
      annotations: { [CERTIFICATE_ANNOTATION]: node.endpointCertificate },
    },
    spec: {},
  };
}

/** The status of a node that is ready, or says why it is not. */
export function nodeStatus(
  node: NodeIdentity,
  options: { date: Date; notReady?: string; previous?: readonly NodeCondition[] | null },
): NodeStatus {
  const resources = {
    cpu: new Quantity(Math.round(node.capacity.cpu * 1000), "m"),
    memory: new Quantity(Math.floor(node.capacity.memory / 1024), "Ki"),
    pods: new Quantity(node.capacity.pods, ""),
  };
  return {
    // kube-apiserver fetches logs from the first address of type Hostname, if there is one: so
    // it must be one that can be connected to.
    addresses: [
      { type: "InternalIP", address: node.hostIP },
      { type: "Hostname", address: node.hostIP },
    ],
    capacity: resources,
    allocatable: resources,
    conditions: nodeConditions(options),
    daemonEndpoints: { kubeletEndpoint: { Port: node.endpointPort } },
    nodeInfo: {
      architecture: architecture(),
      bootID: "",
      containerRuntimeVersion: `process://deno-${Deno.version.deno}`,
      kernelVersion: Deno.osRelease(),
      kubeProxyVersion: "",
      kubeletVersion: KUBELET_VERSION,
      machineID: "",
      operatingSystem: Deno.build.os,
      osImage: Deno.build.os,
      systemUUID: "",
    },
  };
}

function nodeConditions(
  { date, notReady, previous }: {
    date: Date;
    notReady?: string;
    previous?: readonly NodeCondition[] | null;
  },
): NodeCondition[] {
  const drafts = [
    {
      type: "MemoryPressure",
      status: "False",
      reason: "KubeletHasSufficientMemory",
      message: "the node agent has no memory limit",
    },
    {
      type: "DiskPressure",
      status: "False",
      reason: "KubeletHasNoDiskPressure",
      message: "the node agent has no disk limit",
    },
    {
      type: "PIDPressure",
      status: "False",
      reason: "KubeletHasSufficientPID",
      message: "the node agent has no process limit",
    },
    notReady === undefined
      ? {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "the node agent runs pods as processes of this machine",
      }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: notReady },
  ];
  return drafts.map((draft) => {
    const before = previous?.find((one) => one.type === draft.type);
    const since = before?.status === draft.status ? before.lastTransitionTime : undefined;
    return { ...draft, lastHeartbeatTime: date, lastTransitionTime: since ?? date };
  });
}

function architecture(): string {
  return Deno.build.arch === "x86_64" ? "amd64" : "arm64";
}
