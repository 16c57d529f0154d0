/**
 * What a pod needs before its containers: an address, volumes, credentials; and what a container
 * needs to be started: a command and an environment. Each is made once per pod or per attempt,
 * and made again when it failed.
 */
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Transport } from "../../kube/mod.ts";
import type { Addresses, PodAddress } from "./addresses.ts";
import { BlockedError } from "./blocked_error.ts";
import type { ClaimSource } from "./claim_source.ts";
import type { ConfigSource } from "./config_source.ts";
import { containerEnv } from "./container_env.ts";
import { expand } from "./expansion.ts";
import { commandLine, type Image, toImage } from "./image.ts";
import type { NodeCapacity } from "./node_object.ts";
import type { PodCredentials } from "./pod_credentials.ts";
import { containerSpec } from "./pod_rules.ts";
import type { ContainerConfig, PodRef, Runtime } from "./runtime.ts";
import { makeVolumes } from "./volumes.ts";

/** Annotation that holds a pod's port where pods share one address. */
export const PORT_ANNOTATION = "troupe.dev/port";

/** Environment variable that tells a container the port to serve on. */
const PORT_VARIABLE = "TROUPE_PORT";

/** What pods of a node are set up with. */
export interface SetupContext {
  readonly client: Transport;
  readonly runtime: Runtime;
  readonly addresses: Addresses;
  readonly credentials: PodCredentials;
  readonly configs: ConfigSource;
  readonly claims: ClaimSource;
  readonly nodeName: string;
  readonly capacity: NodeCapacity;
  /** Environment of every container of this node. */
  readonly env: Readonly<Record<string, string>>;
}

/** A pod that containers can be started in. */
export interface PodSetup {
  readonly address: PodAddress;
  /** Variables of the pod as a whole. */
  readonly env: Readonly<Record<string, string>>;
}

/** Names a pod. */
export function podRef(pod: Pod): PodRef {
  const { namespace, name, uid } = pod.metadata ?? {};
  return { namespace: namespace ?? "default", pod: name ?? "", uid: uid ?? "" };
}

/** Takes an address for a pod: the one that it had, where that is possible. */
export function takeAddress(pod: Pod, addresses: Addresses): PodAddress {
  if (pod.spec?.hostNetwork) return { ip: addresses.hostIP };
  const annotated = Number(pod.metadata?.annotations?.[PORT_ANNOTATION]);
  return addresses.allocate(pod.metadata?.uid ?? "", {
    ip: pod.status?.podIP ?? undefined,
    port: Number.isInteger(annotated) && annotated > 0 ? annotated : undefined,
  });
}

/** Makes what the pod's containers share; rejects with `BlockedError` when something is missing. */
export async function setUpPod(
  pod: Pod,
  address: PodAddress,
  context: SetupContext,
): Promise<PodSetup> {
  const ref = podRef(pod);
  const { port } = address;
  if (port !== undefined && pod.metadata?.annotations?.[PORT_ANNOTATION] !== String(port)) {
    // Told before anything runs: who sees the pod running can rely on it.
    const body: Pod = { metadata: { annotations: { [PORT_ANNOTATION]: String(port) } } };
    await new CoreV1Api(context.client).namespace(ref.namespace)
      .patchPod(ref.pod, "strategic-merge", body);
  }
  const dir = context.runtime.podDir?.(ref);
  if (dir === undefined) return { address, env: {} };
  await Deno.mkdir(dir, { recursive: true });
  const place = podPlace(address, context);
  const { configs: source, claims } = context;
  const volumes = await makeVolumes({ pod, place, source, claims, dir });
  const kubeconfig = await context.credentials.provide(pod, dir);
  return { address, env: { ...volumes, ...(kubeconfig && { KUBECONFIG: kubeconfig }) } };
}

/** All that the runtime needs for an attempt; rejects with `BlockedError` when something is missing. */
export async function containerConfig(
  { pod, container: name, attempt }: { pod: Pod; container: string; attempt: number },
  setup: PodSetup,
  context: SetupContext,
): Promise<ContainerConfig> {
  const container = containerSpec(pod, name)!;
  const image = findImage(container, context.runtime);
  const env = await containerEnv(container, {
    pod,
    place: podPlace(setup.address, context),
    source: context.configs,
    base: {
      HOSTNAME: pod.spec?.hostname || (pod.metadata?.name ?? ""),
      ...context.env,
      ...image.env,
      ...setup.env,
    },
  });
  const expanded = (words?: string[] | null) => words?.map((word) => expand(word, env));
  const { port } = setup.address;
  if (port !== undefined && name === servingContainer(pod)) env[PORT_VARIABLE] = String(port);
  return {
    ...podRef(pod),
    container: name,
    attempt,
    image: container.image ?? "",
    // The image's own words stay as they are.
    command: commandLine(image, {
      command: expanded(container.command),
      args: expanded(container.args),
    }),
    env,
    cwd: container.workingDir || image.cwd,
    annotations: pod.metadata?.annotations ?? undefined,
  };
}

/** In ports mode, the container that the pod's port belongs to. */
export function servingContainer(pod: Pod): string | undefined {
  const containers = pod.spec?.containers ?? [];
  return (containers.find((one) => (one.ports ?? []).length > 0) ?? containers[0])?.name;
}

function podPlace(address: PodAddress, context: SetupContext) {
  const { addresses, nodeName, capacity } = context;
  const allocatable = { cpu: capacity.cpu, memory: capacity.memory };
  return { podIP: address.ip, hostIP: addresses.hostIP, nodeName, allocatable };
}

function findImage(
  { image: name = "", imagePullPolicy }: {
    image?: string | null;
    imagePullPolicy?: string | null;
  },
  runtime: Runtime,
): Image {
  try {
    return toImage(runtime.image(name ?? ""));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `Failed to pull image "${name}": ${error.message}`;
    if (imagePullPolicy === "Never") throw new BlockedError("ErrImageNeverPull", message);
    throw new BlockedError("ErrImagePull", message, {
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "${name}": ${error.message}`,
    });
  }
}
