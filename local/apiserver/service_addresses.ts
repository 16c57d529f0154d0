/** Cluster addresses and node ports of Services: given once, unique, kept over updates. */
import type { Backend } from "./backend.ts";
import { invalid } from "./errors.ts";
import { type ApiObject, at, isObject, type JsonObject } from "./object.ts";

/** Addresses are 10.96.x.y; none is routed, as nothing listens on them. */
const CLUSTER_PREFIX = "10.96";
const CLUSTER_SIZE = 65_536;
const NODE_PORT_MIN = 30_000;
const NODE_PORT_COUNT = 2_768;

/** Gives a new Service its cluster address and node ports. */
export function allocateAddresses(service: ApiObject, backend: Backend): ApiObject {
  const spec: JsonObject = isObject(service.spec) ? { ...service.spec } : {};
  const type = spec.type ?? "ClusterIP";
  if (type === "ExternalName") return service;
  const taken = new Set<unknown>();
  for (const { object } of backend.store.collection("services").range()) {
    taken.add(at(object, "spec", "clusterIP"));
    for (const port of portsOf(object.spec)) taken.add(port.nodePort);
  }
  if (!spec.clusterIP) {
    spec.clusterIP = pick(CLUSTER_SIZE - 2, taken, (i) => {
      return `${CLUSTER_PREFIX}.${(i + 1) >> 8}.${(i + 1) & 255}`;
    });
  } else if (spec.clusterIP !== "None" && taken.has(spec.clusterIP)) {
    throw invalid({ group: "", kind: "Service" }, service.metadata.name ?? "", [{
      reason: "FieldValueInvalid",
      message: `Invalid value: ${
        JSON.stringify([spec.clusterIP])
      }: failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
      field: "spec.clusterIPs",
    }]);
  }
  spec.clusterIPs ??= [spec.clusterIP];
  spec.ipFamilies ??= ["IPv4"];
  spec.ipFamilyPolicy ??= "SingleStack";
  if (type === "NodePort" || type === "LoadBalancer") {
    spec.ports = portsOf(spec).map((port) => {
      if (port.nodePort) return port;
      const nodePort = pick(NODE_PORT_COUNT, taken, (i) => NODE_PORT_MIN + i);
      taken.add(nodePort);
      return { ...port, nodePort };
    });
  }
  return { ...service, spec };
}

/** Lets an update leave out what was given at creation. */
export function keepAddresses(next: ApiObject, old: ApiObject): ApiObject {
  const spec: JsonObject = isObject(next.spec) ? { ...next.spec } : {};
  if (spec.type === "ExternalName") return next;
  for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
    const was = at(old, "spec", field);
    if (was !== undefined) spec[field] ??= was;
  }
  const before = portsOf(old.spec);
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") {
    spec.ports = portsOf(spec).map((port) => {
      if (port.nodePort) return port;
      const same = before.find((was) =>
        was.port === port.port && (was.protocol ?? "TCP") === (port.protocol ?? "TCP")
      );
      return same?.nodePort ? { ...port, nodePort: same.nodePort } : port;
    });
  }
  return { ...next, spec };
}

function portsOf(spec: unknown): JsonObject[] {
  const ports = at(spec, "ports");
  return Array.isArray(ports) ? ports.filter(isObject) : [];
}

function pick<T>(count: number, taken: Set<unknown>, make: (index: number) => T): T {
  const start = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i++) {
    const candidate = make((start + i) % count);
    if (!taken.has(candidate)) return candidate;
  }
  throw new RangeError(`Cannot allocate for a Service: all ${count} are taken`);
}
