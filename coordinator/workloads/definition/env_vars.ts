import type { EnvVar } from "@cloudydeno/kubernetes-apis/core/v1";
import { keySecret, type Ownership, tlsSecret } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import type { EnvValue } from "./params/env.ts";
import { itemsText } from "./params/job.ts";

/** What the downward API tells a worker about its pod, by variable. */
const DOWNWARD: Readonly<Record<string, string>> = {
  POD_NAME: "metadata.name",
  POD_NAMESPACE: "metadata.namespace",
  POD_IP: "status.podIP",
  POD_UID: "metadata.uid",
  NODE_NAME: "spec.nodeName",
  HOST_IP: "status.hostIP",
};

/** The environment of a worker: where and what it is, then the user's own variables. */
export function envVars(params: CheckedRunParams, owner: Ownership): EnvVar[] {
  const env: EnvVar[] = Object.entries(DOWNWARD).map(([name, fieldPath]) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  }));
  env.push({ name: "TROUPE_COORDINATOR", value: owner.coordinator });
  env.push({ name: "TROUPE_WORKLOAD", value: owner.workload });
  if (params.port !== undefined) env.push({ name: "TROUPE_PORT", value: String(params.port) });
  if (params.contract) env.push(keysOf(owner.coordinator));
  if (params.tlsPort !== undefined) {
    env.push({ name: "TROUPE_TLS_PORT", value: String(params.tlsPort) });
    env.push(...tlsVars(owner.coordinator));
  }
  if (params.items) env.push({ name: "TROUPE_ITEMS", value: itemsText(params.items) });
  const own = Object.entries(params.envs ?? {});
  return [...env, ...own.map(([name, value]) => envVar(name, value))];
}

/**
 * The keys by which coordinator and worker know each other. They are not a part of the definition, so
 * that a new key rolls nothing out.
 */
function keysOf(coordinator: string): EnvVar {
  const { name, key } = keySecret(coordinator);
  return { name: "TROUPE_KEYS", valueFrom: { secretKeyRef: { name, key } } };
}

/**
 * The certificate of workers, its private key, and the authorities of their peers' certificates, where
 * connections to workers are encrypted. Like the keys they are no part of the definition.
 */
export function tlsVars(coordinator: string): EnvVar[] {
  const { name, certificate, privateKey, authority } = tlsSecret(coordinator);
  const keys = {
    TROUPE_TLS_CERT: certificate,
    TROUPE_TLS_KEY: privateKey,
    TROUPE_TLS_CA: authority,
  };
  return Object.entries(keys).map(([variable, key]) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name, key } },
  }));
}

function envVar(name: string, value: EnvValue): EnvVar {
  if (typeof value === "string") return { name, value };
  const { key, optional } = value;
  return "secret" in value
    ? { name, valueFrom: { secretKeyRef: { name: value.secret, key, optional } } }
    : { name, valueFrom: { configMapKeyRef: { name: value.configMap, key, optional } } };
}
