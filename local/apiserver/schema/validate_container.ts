/**
 * What containers must be.
 *
 * @module
 */

import { type Complaints, entries } from "./complaints.ts";
import {
  configKey,
  environmentName,
  label,
  portName,
  portNumber,
  qualifiedName,
} from "./name_rules.ts";
import { compareQuantities } from "./quantity.ts";
import type { JsonObject } from "./schema.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const STANDARD_RESOURCES = ["cpu", "memory", "ephemeral-storage"];
const PROBE_HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc"];
const LIFECYCLE_HANDLERS = ["exec", "httpGet", "tcpSocket", "sleep"];

/** Fields of the pod that a variable may be taken from. */
const POD_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

/** Complains about all containers of a pod's specification. */
export function validateContainers(out: Complaints, spec: JsonObject, field: string): void {
  const volumes = new Set(entries(spec.volumes, "").map(({ item }) => item.name));
  const main = entries(spec.containers, `${field}.containers`);
  const init = entries(spec.initContainers, `${field}.initContainers`);
  if (main.length === 0) out.required(`${field}.containers`);
  for (const { item, at } of [...main, ...init]) validateContainer(out, item, at, volumes);
  for (const { item, at } of init) validateInitContainer(out, item, at);
  out.unique([...main, ...init].map(({ item, at }) => ({ field: `${at}.name`, value: item.name })));
}

function validateContainer(
  out: Complaints,
  container: JsonObject,
  at: string,
  volumes: ReadonlySet<string>,
): void {
  if (out.has(`${at}.name`, container.name)) out.rule(`${at}.name`, container.name, label);
  if (out.has(`${at}.image`, container.image) && container.image.trim() !== container.image) {
    out.invalid(`${at}.image`, container.image, "must not have leading or trailing whitespace");
  }
  out.oneOf(`${at}.imagePullPolicy`, container.imagePullPolicy, [
    "Always",
    "IfNotPresent",
    "Never",
  ]);
  out.oneOf(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    "File",
    "FallbackToLogsOnError",
  ]);
  validatePorts(out, container.ports, `${at}.ports`);
  validateEnvironment(out, container.env, `${at}.env`);
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    if (container[name]) validateProbe(out, container[name], `${at}.${name}`);
  }
  for (const name of ["postStart", "preStop"]) {
    const handler = container.lifecycle?.[name];
    if (handler) validateHandler(out, handler, `${at}.lifecycle.${name}`, LIFECYCLE_HANDLERS);
  }
  validateResources(out, container.resources, `${at}.resources`);
  validateMounts(out, container.volumeMounts, `${at}.volumeMounts`, volumes);
}

function validateInitContainer(out: Complaints, container: JsonObject, at: string): void {
  if (container.restartPolicy === "Always") return; // a sidecar
  const names = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];
  for (const name of names.filter((n) => container[n])) {
    out.forbidden(
      `${at}.${name}`,
      "may not be set for init containers without restartPolicy=Always",
    );
  }
}

function validatePorts(out: Complaints, list: unknown, field: string): void {
  const ports = entries(list, field);
  for (const { item, at } of ports) {
    out.optional(`${at}.name`, item.name, portName);
    if (!item.containerPort) out.required(`${at}.containerPort`);
    else {
      for (const detail of portNumber(item.containerPort)) {
        out.invalid(`${at}.containerPort`, item.containerPort, detail);
      }
    }
    if (item.hostPort) {
      for (const detail of portNumber(item.hostPort)) {
        out.invalid(`${at}.hostPort`, item.hostPort, detail);
      }
    }
    out.oneOf(`${at}.protocol`, item.protocol, PROTOCOLS);
  }
  out.unique(ports.map(({ item, at }) => ({ field: `${at}.name`, value: item.name })));
}

function validateEnvironment(out: Complaints, list: unknown, field: string): void {
  for (const { item, at } of entries(list, field)) {
    if (out.has(`${at}.name`, item.name)) out.rule(`${at}.name`, item.name, environmentName);
    if (item.valueFrom) validateSource(out, item, `${at}.valueFrom`);
  }
}

function validateSource(out: Complaints, variable: JsonObject, at: string): void {
  const source = variable.valueFrom;
  const sources = Object.keys(source).filter((key) => source[key]);
  if (sources.length === 0) {
    out.invalid(
      at,
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
    );
  } else if (variable.value) {
    out.invalid(at, "", "may not be specified when `value` is not empty");
  } else if (sources.length > 1) {
    out.invalid(at, "", "may not have more than one field specified at a time");
  }
  if (source.fieldRef) validateFieldPath(out, source.fieldRef, `${at}.fieldRef`);
  for (const ref of ["configMapKeyRef", "secretKeyRef"]) {
    if (!source[ref]) continue;
    out.has(`${at}.${ref}.name`, source[ref].name);
    if (out.has(`${at}.${ref}.key`, source[ref].key)) {
      out.rule(`${at}.${ref}.key`, source[ref].key, configKey);
    }
  }
}

function validateFieldPath(out: Complaints, ref: JsonObject, at: string): void {
  if (!out.has(`${at}.fieldPath`, ref.fieldPath)) return;
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(ref.fieldPath);
  if (keyed) {
    out.rule(`${at}.fieldPath`, keyed[2]!, (key) => qualifiedName(key.toLowerCase()));
  } else {
    out.oneOf(`${at}.fieldPath`, ref.fieldPath, POD_FIELDS);
  }
}

function validateProbe(out: Complaints, probe: JsonObject, at: string): void {
  validateHandler(out, probe, at, PROBE_HANDLERS);
  const counts = [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ];
  for (const name of counts) out.notNegative(`${at}.${name}`, probe[name]);
  const once = at.endsWith("livenessProbe") || at.endsWith("startupProbe");
  if (once && (probe.successThreshold ?? 1) !== 1) {
    out.invalid(`${at}.successThreshold`, probe.successThreshold, "must be 1");
  }
}

function validateHandler(out: Complaints, handler: JsonObject, at: string, known: string[]): void {
  const given = known.filter((name) => handler[name]);
  if (given.length === 0) out.required(at, "must specify a handler type");
  for (const name of given.slice(1)) {
    out.forbidden(`${at}.${name}`, "may not specify more than 1 handler type");
  }
  if (handler.exec && !(handler.exec.command?.length > 0)) out.required(`${at}.exec.command`);
  for (const name of ["httpGet", "tcpSocket", "grpc"]) {
    if (handler[name]) validateTargetPort(out, handler[name].port, `${at}.${name}.port`);
  }
  if (handler.httpGet) {
    out.has(`${at}.httpGet.path`, handler.httpGet.path);
    out.oneOf(`${at}.httpGet.scheme`, handler.httpGet.scheme, ["HTTP", "HTTPS"]);
  }
}

/** Complains about a port that is given by number or name. */
export function validateTargetPort(out: Complaints, port: unknown, field: string): void {
  const details = typeof port === "string" ? portName(port) : portNumber(port);
  for (const detail of details) out.invalid(field, port ?? 0, detail);
}

function validateResources(out: Complaints, resources: JsonObject | undefined, at: string): void {
  const { limits = {}, requests = {} } = resources ?? {};
  for (const [part, list] of [["limits", limits], ["requests", requests]] as const) {
    for (const [name, quantity] of Object.entries(list)) {
      validateResourceName(out, name, `${at}.${part}`);
      if (compareQuantities(String(quantity), "0") === -1) {
        out.invalid(`${at}.${part}[${name}]`, quantity, "must be greater than or equal to 0");
      }
    }
  }
  for (const [name, quantity] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && compareQuantities(String(quantity), String(limit)) === 1) {
      out.invalid(
        `${at}.requests`,
        quantity,
        `must be less than or equal to ${name} limit of ${limit}`,
      );
    }
  }
}

function validateResourceName(out: Complaints, name: string, field: string): void {
  out.rule(field, name, qualifiedName);
  if (STANDARD_RESOURCES.includes(name) || name.startsWith("hugepages-") || name.includes("/")) {
    return;
  }
  out.invalid(field, name, "must be a standard resource type or fully qualified");
  out.invalid(field, name, "must be a standard resource for containers");
}

function validateMounts(
  out: Complaints,
  list: unknown,
  field: string,
  volumes: ReadonlySet<string>,
): void {
  const paths = new Set<string>();
  for (const { item, at } of entries(list, field)) {
    if (out.has(`${at}.name`, item.name) && !volumes.has(item.name)) {
      out.add({
        reason: "FieldValueNotFound",
        field: `${at}.name`,
        message: `Not found: ${JSON.stringify(item.name)}`,
      });
    }
    if (!out.has(`${at}.mountPath`, item.mountPath)) continue;
    if (paths.has(item.mountPath)) out.invalid(`${at}.mountPath`, item.mountPath, "must be unique");
    paths.add(item.mountPath);
  }
}
