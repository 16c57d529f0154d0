/**
 * The columns of all kinds that are neither pods nor workloads.
 *
 * @module
 */

import type { JsonObject } from "../schema/mod.ts";
import {
  AGE,
  type Column,
  items,
  labelsText,
  shortList,
  since,
  size,
  templateColumns,
  wide,
} from "./cells.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";

const BINDING_COLUMNS: Column[] = [
  { name: "Role", cell: (binding) => `${binding.roleRef?.kind}/${binding.roleRef?.name}` },
  AGE,
  wide("Users", (binding) => subjects(binding, "User")),
  wide("Groups", (binding) => subjects(binding, "Group")),
  wide("ServiceAccounts", (binding) => subjects(binding, "ServiceAccount")),
];

/** Columns after the name, by kind. */
export const CORE_COLUMNS: Record<string, Column[]> = {
  ClusterRoleBinding: BINDING_COLUMNS,
  ConfigMap: [{ name: "Data", cell: (map) => size(map.data) + size(map.binaryData) }, AGE],
  EndpointSlice: [
    { name: "AddressType", cell: (slice) => slice.addressType ?? "" },
    {
      name: "Ports",
      cell: (slice) => shortList(items(slice.ports).map((p) => String(p.port ?? "*")), "<unset>"),
    },
    {
      name: "Endpoints",
      cell: (slice) =>
        shortList(items(slice.endpoints).flatMap((e) => e.addresses ?? []), "<unset>"),
    },
    AGE,
  ],
  Endpoints: [{ name: "Endpoints", cell: endpointsText }, AGE],
  Lease: [{ name: "Holder", cell: (lease) => lease.spec?.holderIdentity ?? "" }, AGE],
  Namespace: [{ name: "Status", cell: (namespace) => namespace.status?.phase ?? "" }, AGE],
  Node: [
    { name: "Status", cell: nodeStatus },
    { name: "Roles", cell: nodeRoles },
    AGE,
    { name: "Version", cell: (node) => node.status?.nodeInfo?.kubeletVersion ?? "" },
    wide("Internal-IP", (node) => nodeAddress(node, "InternalIP")),
    wide("External-IP", (node) => nodeAddress(node, "ExternalIP")),
    wide("OS-Image", (node) => node.status?.nodeInfo?.osImage || "<unknown>"),
    wide("Kernel-Version", (node) => node.status?.nodeInfo?.kernelVersion || "<unknown>"),
    wide(
      "Container-Runtime",
      (node) => node.status?.nodeInfo?.containerRuntimeVersion || "<unknown>",
    ),
  ],
  PodTemplate: [
    ...templateColumns((object) => object.template).map((column) => ({ ...column, wide: false })),
    { name: "Pod Labels", cell: (object) => labelsText(object.template?.metadata?.labels) },
  ],
  RoleBinding: BINDING_COLUMNS,
  Secret: [
    { name: "Type", cell: (secret) => secret.type ?? "" },
    { name: "Data", cell: (secret) => size(secret.data) },
    AGE,
  ],
  Service: [
    { name: "Type", cell: (service) => service.spec?.type ?? "" },
    { name: "Cluster-IP", cell: (service) => service.spec?.clusterIP || "<none>" },
    { name: "External-IP", cell: externalAddress },
    { name: "Port(s)", cell: portsText },
    AGE,
    wide("Selector", (service) => labelsText(service.spec?.selector)),
  ],
  ServiceAccount: [{ name: "Secrets", cell: (account) => items(account.secrets).length }, AGE],
};

function subjects(binding: JsonObject, kind: string): string {
  return items(binding.subjects).filter((s) => s.kind === kind)
    .map((s) => kind === "ServiceAccount" ? `${s.namespace ?? ""}/${s.name}` : s.name)
    .join(", ");
}

function endpointsText(endpoints: JsonObject): string {
  const list = items(endpoints.subsets).flatMap(({ addresses, ports }) =>
    items(ports).length === 0
      ? items(addresses).map(({ ip }) => ip)
      : items(ports).flatMap(({ port }) => items(addresses).map(({ ip }) => hostPort(ip, port)))
  );
  return shortList(list, "<none>");
}

function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function nodeStatus(node: JsonObject): string {
  const ready = items(node.status?.conditions).find((c) => c.type === "Ready");
  const status = !ready ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec?.unschedulable ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(node: JsonObject): string {
  const roles = new Set<string>();
  for (const [label, value] of Object.entries<string>(node.metadata?.labels ?? {})) {
    if (label.startsWith(ROLE_PREFIX) && label.length > ROLE_PREFIX.length) {
      roles.add(label.slice(ROLE_PREFIX.length));
    } else if (label === ROLE_LABEL && value) {
      roles.add(value);
    }
  }
  return roles.size > 0 ? [...roles].sort().join(",") : "<none>";
}

function nodeAddress(node: JsonObject, type: string): string {
  return items(node.status?.addresses).find((a) => a.type === type)?.address || "<none>";
}

function externalAddress(service: JsonObject): string {
  const { type, externalIPs = [], externalName } = service.spec ?? {};
  switch (type) {
    case "ExternalName":
      return externalName ?? "";
    case "LoadBalancer": {
      const given = items(service.status?.loadBalancer?.ingress).map((i) => i.ip || i.hostname);
      return [...new Set(given.filter(Boolean))].sort().concat(externalIPs).join(",") ||
        "<pending>";
    }
    default:
      return externalIPs.join(",") || "<none>";
  }
}

function portsText(service: JsonObject): string {
  const ports = items(service.spec?.ports).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
  );
  return ports.join(",") || "<none>";
}

/** The columns of Events. Their name comes last. */
export const EVENT_COLUMNS: Column[] = [
  { name: "Last Seen", cell: lastSeen },
  { name: "Type", cell: (event) => event.type ?? "" },
  { name: "Reason", cell: (event) => event.reason ?? "" },
  { name: "Object", cell: (event) => objectText(event.involvedObject ?? event.regarding) },
  wide("Subobject", (event) => (event.involvedObject ?? event.regarding)?.fieldPath ?? ""),
  wide("Source", sourceText),
  { name: "Message", cell: (event) => String(event.message ?? event.note ?? "").trim() },
  wide("First Seen", firstSeen),
  wide(
    "Count",
    (event) => event.series?.count || event.count || event.deprecatedCount || 1,
  ),
];

function firstSeen(event: JsonObject, now: number): string {
  return since(event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime, now);
}

function lastSeen(event: JsonObject, now: number): string {
  if (event.series) return since(event.series.lastObservedTime, now);
  const last = event.lastTimestamp ?? event.deprecatedLastTimestamp;
  return last ? since(last, now) : firstSeen(event, now);
}

function objectText(object: JsonObject | undefined): string {
  const kind = String(object?.kind ?? "").toLowerCase();
  return object?.name ? `${kind}/${object.name}` : kind;
}

function sourceText(event: JsonObject): string {
  const source = event.source ?? event.deprecatedSource ?? {};
  const [component, instance] = source.component
    ? [source.component, source.host]
    : [event.reportingComponent ?? event.reportingController, event.reportingInstance];
  return [component, instance].filter(Boolean).join(", ");
}
