/** Where a pod is that a request is for: `pod`, `pod:port` or `scheme:pod:port`. */
import type { Backend } from "./backend.ts";
import { badRequest, notFound, unreachable } from "./errors.ts";
import { resource } from "./kinds.ts";
import { type ApiObject, at, type JsonObject } from "./object.ts";

/** Where pods share one address, a pod's first port is on a port of its own. */
const PORT_ANNOTATION = "troupe.dev/port";
const SHARED_ADDRESS = "127.0.0.1";
const SCHEMES = ["", "http", "https"];

/**
 * The root of what the pod serves. Without a port it is the first one that is declared, else the
 * scheme's. The real server refuses loopback addresses, which here all pods have.
 */
export function podAddress(backend: Backend, target: { namespace: string; name: string }): URL {
  const parts = target.name.split(":");
  const [scheme = "", name = "", asked = ""] = parts.length === 3 ? parts : ["", ...parts];
  if (parts.length > 3 || !name || !SCHEMES.includes(scheme)) {
    throw badRequest(`invalid pod request ${JSON.stringify(target.name)}`);
  }
  const pod = backend.store.get("pods", target.namespace, name)?.object;
  if (!pod) throw notFound(resource("v1", "pods"), name);
  const ip = at(pod, "status", "podIP");
  if (typeof ip !== "string" || !ip) throw badRequest("address not allowed");
  const host = ip.includes(":") ? `[${ip}]` : ip;
  const url = new URL(`${scheme || "http"}://${host}/`);
  url.port = portOf(pod, asked);
  return url;
}

function portOf(pod: ApiObject, asked: string): string {
  const ports = ((at(pod, "spec", "containers") ?? []) as JsonObject[])
    .flatMap(({ ports = [] }) => ports as JsonObject[]);
  const isNumber = /^\d+$/.test(asked);
  if (isNumber && Number(asked) > 65_535) {
    throw unreachable(new Error(`dial tcp: address ${asked}: invalid port`));
  }
  const found = asked
    ? ports.find(({ name, containerPort }) =>
      isNumber ? containerPort === Number(asked) : name === asked
    )
    : ports[0];
  const own = pod.metadata.annotations?.[PORT_ANNOTATION];
  const isFirst = found === ports[0];
  if (own && isFirst && at(pod, "status", "podIP") === SHARED_ADDRESS) return own;
  if (isNumber) return asked;
  if (asked && !found) throw badRequest(`no port named ${JSON.stringify(asked)} in the pod`);
  return String(found?.containerPort ?? "");
}
