/**
 * What objects must be that run nothing: Services, ConfigMaps, roles, …
 *
 * @module
 */

import { type Complaints, entries, same } from "./complaints.ts";
import { duplicate, notSupported, tooLong } from "./field_error.ts";
import { configKey, label, portNumber, qualifiedName } from "./name_rules.ts";
import type { JsonObject } from "./schema.ts";
import { validateTargetPort } from "./validate_container.ts";
import { validateLabels } from "./validate_metadata.ts";
import { type Check, validateTemplate } from "./validate_workload.ts";

/** All data of a ConfigMap or a Secret together: 1 MiB. */
const MAX_DATA = 1024 * 1024;
const RBAC = "rbac.authorization.k8s.io";
const MAX_ENDPOINT_ADDRESSES = 100;

/** Keys that a Secret of a type must have. */
const SECRET_KEYS: Record<string, string[]> = {
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

/** Checks by kind. */
export const CORE_CHECKS: Record<string, Check> = {
  ClusterRole: (out, role) => validateRules(out, role, false),
  ClusterRoleBinding: (out, binding, old) => validateBinding(out, binding, old, ["ClusterRole"]),
  ConfigMap(out, map, old) {
    validateData(out, map, ["data", "binaryData"]);
    for (const key of Object.keys(map.data ?? {})) {
      if (Object.hasOwn(map.binaryData ?? {}, key)) {
        out.invalid(`data[${key}]`, key, "duplicate of key present in binaryData");
      }
    }
    validateFrozen(out, map, old, ["data", "binaryData"]);
  },
  EndpointSlice: validateEndpointSlice,
  Lease(out, { spec = {} }) {
    const { leaseDurationSeconds: duration, leaseTransitions } = spec;
    if (duration !== undefined && duration <= 0) {
      out.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
    }
    out.notNegative("spec.leaseTransitions", leaseTransitions);
  },
  Namespace(out, { spec = {} }) {
    for (const [i, finalizer] of (spec.finalizers ?? []).entries()) {
      out.rule(`spec.finalizers[${i}]`, finalizer, qualifiedName);
    }
  },
  PodTemplate: (out, object) => validateTemplate(out, object.template ?? {}, "template"),
  Role: (out, role) => validateRules(out, role, true),
  RoleBinding: (out, binding, old) => validateBinding(out, binding, old, ["Role", "ClusterRole"]),
  Secret(out, secret, old) {
    validateData(out, secret, ["data"]);
    for (const key of SECRET_KEYS[secret.type] ?? []) {
      if (secret.data?.[key] === undefined) out.required(`data[${key}]`);
    }
    if (old) out.immutable("type", secret.type, old.type);
    validateFrozen(out, secret, old, ["data"]);
  },
  Service: validateService,
};

function validateData(out: Complaints, object: JsonObject, fields: string[]): void {
  let size = 0;
  for (const field of fields) {
    for (const [key, value] of Object.entries(object[field] ?? {})) {
      out.rule(`${field}[${key}]`, key, configKey);
      size += String(value).length;
    }
  }
  if (size > MAX_DATA) out.add(tooLong("data", MAX_DATA));
}

function validateFrozen(
  out: Complaints,
  object: JsonObject,
  old: JsonObject | undefined,
  fields: string[],
): void {
  if (!old?.immutable) return;
  const detail = "field is immutable when `immutable` is set";
  if (!object.immutable) out.forbidden("immutable", detail);
  for (const field of fields) {
    if (!same(object[field] ?? {}, old[field] ?? {})) out.forbidden(field, detail);
  }
}

function validateService(out: Complaints, service: JsonObject, old?: JsonObject): void {
  const { spec = {} } = service;
  out.oneOf("spec.type", spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
  out.oneOf("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]);
  validateLabels(out, spec.selector, "spec.selector");
  const ports = entries(spec.ports, "spec.ports");
  const needsNone = spec.type === "ExternalName" || spec.clusterIP === "None";
  if (ports.length === 0 && !needsNone) out.required("spec.ports");
  if (spec.type === "ExternalName") out.has("spec.externalName", spec.externalName);
  const used = new Set<string>();
  for (const { item, at } of ports) {
    if (ports.length > 1) out.has(`${at}.name`, item.name);
    out.optional(`${at}.name`, item.name, label);
    for (const detail of portNumber(item.port)) out.invalid(`${at}.port`, item.port ?? 0, detail);
    if (item.targetPort !== undefined) {
      validateTargetPort(out, item.targetPort, `${at}.targetPort`);
    }
    out.oneOf(`${at}.protocol`, item.protocol, ["SCTP", "TCP", "UDP"]);
    if (item.nodePort && (spec.type === "ClusterIP" || spec.type === "ExternalName")) {
      out.forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`);
    }
    const key = `${item.port}/${item.protocol}`;
    if (used.has(key)) out.add(duplicate(at, { port: item.port, protocol: item.protocol }));
    used.add(key);
  }
  out.unique(ports.map(({ item, at }) => ({ field: `${at}.name`, value: item.name })));
  const was = old?.spec ?? {};
  const keepsAddress = spec.type !== "ExternalName" && was.type !== "ExternalName";
  if (was.clusterIP && keepsAddress && spec.clusterIP !== was.clusterIP) {
    out.invalid("spec.clusterIPs[0]", spec.clusterIPs ?? [], "may not change once set");
  }
}

function validateEndpointSlice(out: Complaints, slice: JsonObject, old?: JsonObject): void {
  if (out.has("addressType", slice.addressType)) {
    out.oneOf("addressType", slice.addressType, ["FQDN", "IPv4", "IPv6"]);
  }
  for (const { item, at } of entries(slice.endpoints, "endpoints")) {
    const count = item.addresses?.length ?? 0;
    if (count === 0) out.required(`${at}.addresses`, "must contain at least 1 address");
    if (count > MAX_ENDPOINT_ADDRESSES) {
      out.add({
        reason: "FieldValueTooMany",
        field: `${at}.addresses`,
        message: `Too many: ${count}: must have at most ${MAX_ENDPOINT_ADDRESSES} items`,
      });
    }
  }
  const ports = entries(slice.ports, "ports");
  out.unique(ports.map(({ item, at }) => ({ field: `${at}.name`, value: item.name || undefined })));
  if (old) out.immutable("addressType", slice.addressType, old.addressType);
}

function validateRules(out: Complaints, role: JsonObject, namespaced: boolean): void {
  for (const { item, at } of entries(role.rules, "rules")) {
    const has = (name: string) => (item[name]?.length ?? 0) > 0;
    if (!has("verbs")) out.required(`${at}.verbs`, "verbs must contain at least one value");
    if (has("nonResourceURLs")) {
      if (namespaced) {
        out.invalid(
          `${at}.nonResourceURLs`,
          item.nonResourceURLs,
          "namespaced rules cannot apply to non-resource URLs",
        );
      } else if (has("apiGroups") || has("resources") || has("resourceNames")) {
        out.invalid(
          `${at}.nonResourceURLs`,
          item.nonResourceURLs,
          "rules cannot apply to both regular resources and non-resource URLs",
        );
      }
      continue;
    }
    if (!has("apiGroups")) {
      out.required(`${at}.apiGroups`, "resource rules must supply at least one api group");
    }
    if (!has("resources")) {
      out.required(`${at}.resources`, "resource rules must supply at least one resource");
    }
  }
}

function validateBinding(
  out: Complaints,
  binding: JsonObject,
  old: JsonObject | undefined,
  roles: string[],
): void {
  const { roleRef = {} } = binding;
  if (roleRef.apiGroup !== RBAC) {
    out.add(notSupported("roleRef.apiGroup", roleRef.apiGroup ?? "", [RBAC]));
  }
  if (!roles.includes(roleRef.kind)) {
    out.add(notSupported("roleRef.kind", roleRef.kind ?? "", roles));
  }
  out.has("roleRef.name", roleRef.name);
  for (const { item, at } of entries(binding.subjects, "subjects")) {
    out.has(`${at}.name`, item.name);
    if (item.kind === "ServiceAccount") {
      if (item.apiGroup) out.add(notSupported(`${at}.apiGroup`, item.apiGroup, [""]));
      // a RoleBinding's own namespace is meant if none is given
      if (roles.length === 1) out.has(`${at}.namespace`, item.namespace);
    } else if (item.kind === "User" || item.kind === "Group") {
      if (item.apiGroup !== RBAC) {
        out.add(notSupported(`${at}.apiGroup`, item.apiGroup ?? "", [RBAC]));
      }
    } else {
      out.add(notSupported(`${at}.kind`, item.kind ?? "", ["ServiceAccount", "User", "Group"]));
    }
  }
  if (old && !same(roleRef, old.roleRef)) {
    const { apiGroup, kind, name } = roleRef;
    out.invalid("roleRef", { APIGroup: apiGroup, Kind: kind, Name: name }, "cannot change roleRef");
  }
}
