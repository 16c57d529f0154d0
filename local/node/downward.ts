/** The downward API: what a pod may be told of itself, by environment or by file. */
import type {
  Container,
  ObjectFieldSelector,
  Pod,
  ResourceFieldSelector,
} from "@cloudydeno/kubernetes-apis/core/v1";

/** Where the pod runs, which its object may not say yet. */
export interface PodPlace {
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
  /** What a container without limits may use: whole cores and bytes. */
  readonly allocatable: { readonly cpu: number; readonly memory: number };
}

/** The value of a `fieldRef`; throws on a path that the API does not know. */
export function fieldValue(selector: ObjectFieldSelector, pod: Pod, place: PodPlace): string {
  const path = selector.fieldPath;
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) return pod.metadata?.[keyed[1] as "labels" | "annotations"]?.[keyed[2]!] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata?.name ?? "";
    case "metadata.namespace":
      return pod.metadata?.namespace ?? "";
    case "metadata.uid":
      return pod.metadata?.uid ?? "";
    case "metadata.labels":
      return lines(pod.metadata?.labels ?? {});
    case "metadata.annotations":
      return lines(pod.metadata?.annotations ?? {});
    case "spec.nodeName":
      return place.nodeName;
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "default";
    case "status.podIP":
    case "status.podIPs":
      return place.podIP;
    case "status.hostIP":
    case "status.hostIPs":
      return place.hostIP;
  }
  throw new TypeError(`Cannot read field "${path}": the downward API has no such field`);
}

/** `key="value"` lines, as the files of a downward API volume have them. */
function lines(map: Record<string, string>): string {
  return Object.keys(map).sort().map((key) => `${key}=${JSON.stringify(map[key])}`).join("\n");
}

/** The value of a `resourceFieldRef`: the container's limit or request, in units of the divisor. */
export function resourceValue(
  selector: ResourceFieldSelector,
  container: Container,
  place: PodPlace,
): string {
  const [kind, ...rest] = selector.resource.split(".");
  const resource = rest.join(".");
  if (kind !== "limits" && kind !== "requests") {
    throw new TypeError(`Cannot read resource "${selector.resource}": it is no limit or request`);
  }
  const stated = container.resources?.[kind]?.[resource];
  const whole = kind === "limits" ? place.allocatable : { cpu: 0, memory: 0 };
  const amount = stated !== undefined
    ? quantityValue(stated)
    : whole[resource as "cpu" | "memory"] ?? 0;
  const divisor = selector.divisor == null ? 1 : quantityValue(selector.divisor) || 1;
  // Rounded up, as the kubelet does; the small loss undoes what 0.1 / 0.001 adds.
  return String(Math.ceil(amount / divisor - 1e-9));
}

const SUFFIXES: Record<string, number> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity such as `500m` or `64Mi` stands for. */
export function quantityValue(quantity: { number: number; suffix: string }): number {
  const { number, suffix } = quantity;
  if (Object.hasOwn(SUFFIXES, suffix)) return number * SUFFIXES[suffix]!;
  return number * Number(`1${suffix}`);
}
