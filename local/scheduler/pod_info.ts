/**
 * What scheduling needs to know of a pod, computed once.
 *
 * @module
 */
import {
  canonicalJson,
  type Container,
  controllerOf,
  milliUnits,
  type Pod,
  type PodAffinityTerm,
  type PodSpec,
  type TopologySpreadConstraint,
  wholeUnits,
} from "../objects/mod.ts";

/** Amounts of resources: `cpu` in thousandths of a core, all others in whole units. */
export type Resources = Readonly<Record<string, number>>;

/** See the module's text. */
export interface PodInfo {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly requests: Resources;
  /** As requested, or what is assumed of a pod that requests nothing: for scoring. */
  readonly cost: { readonly cpu: number; readonly memory: number };
  /** Ports of the node that the pod wants for itself, as `protocol/ip/port`. */
  readonly hostPorts: readonly HostPort[];
  /** The uid of its controller; pods with the same one are spread. */
  readonly owner: string | undefined;
  /** Equal for pods that the same nodes suit, resources aside. */
  readonly signature: string;
  readonly affinity: readonly PodAffinityTerm[];
  readonly antiAffinity: readonly PodAffinityTerm[];
  readonly spread: readonly TopologySpreadConstraint[];
}

/** A port of the node. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** What is assumed of a container without requests; as the real scheduler does. */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

/** Reads a pod. */
export function podInfo(pod: Pod): PodInfo {
  const { spec, metadata: { namespace, name, uid } } = pod;
  const { nodeSelector, tolerations, affinity } = spec;
  const requests = requestsOf(spec);
  const count = spec.containers.length;
  let signature: string | undefined;
  return {
    pod,
    key: `${namespace}/${name}`,
    uid,
    requests,
    cost: {
      cpu: requests.cpu ?? DEFAULT_MILLI_CPU * count,
      memory: requests.memory ?? DEFAULT_MEMORY * count,
    },
    hostPorts: hostPortsOf(spec),
    owner: controllerOf(pod)?.uid,
    get signature() {
      return signature ??= canonicalJson([nodeSelector, tolerations, affinity?.nodeAffinity]);
    },
    affinity: affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    antiAffinity: affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    spread: (spec.topologySpreadConstraints ?? [])
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule"),
  };
}

/**
 * The resources that a pod needs at its most demanding moment: all containers together, or an
 * init container beside the sidecars that were started before it.
 */
export function requestsOf({ containers, initContainers = [], overhead = {} }: PodSpec): Resources {
  const running: Record<string, number> = {};
  const most: Record<string, number> = {};
  const sidecars: Record<string, number> = {};
  for (const container of containers) add(running, requestsOfContainer(container));
  for (const container of initContainers) {
    const own = requestsOfContainer(container);
    if (container.restartPolicy === "Always") {
      add(running, own);
      add(sidecars, own);
      raise(most, sidecars);
    } else {
      const moment = { ...sidecars };
      add(moment, own);
      raise(most, moment);
    }
  }
  raise(running, most);
  add(running, amounts(Object.entries(overhead)));
  return running;
}

function requestsOfContainer({ resources }: Container): Resources {
  const { requests = {}, limits = {} } = resources ?? {};
  return amounts(Object.entries({ ...limits, ...requests }));
}

/** Quantities as numbers in the units of {@linkcode Resources}. */
export function amounts(quantities: readonly [string, string | number][]): Resources {
  return Object.fromEntries(
    quantities.map(([name, amount]) => [
      name,
      name === "cpu" ? milliUnits(amount) : wholeUnits(amount),
    ]),
  );
}

function add(to: Record<string, number>, what: Resources): void {
  for (const name in what) to[name] = (to[name] ?? 0) + (what[name] ?? 0);
}

function raise(to: Record<string, number>, what: Resources): void {
  for (const name in what) to[name] = Math.max(to[name] ?? 0, what[name] ?? 0);
}

function hostPortsOf({ containers }: PodSpec): HostPort[] {
  return containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || "0.0.0.0", protocol: protocol ?? "TCP", port: hostPort }] : []
    )
  );
}
