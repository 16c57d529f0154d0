/**
 * What a pod's specification gets when it leaves something out, in a Pod or in a template.
 *
 * @module
 */

import { isObject } from "./json_object.ts";
import type { JsonObject } from "./schema.ts";

/** Permissions of files in mounted volumes: 0644. */
const DEFAULT_MODE = 0o644;
/** Seconds that a projected service account token lives. */
const TOKEN_EXPIRATION = 3600;

/** Fills in a pod's specification, in place. */
export function defaultPodSpec(spec: JsonObject): void {
  spec.restartPolicy ||= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ||= "default-scheduler";
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
    for (const container of objects(spec[list])) {
      defaultContainer(container, spec.hostNetwork === true);
    }
  }
  for (const volume of objects(spec.volumes)) defaultVolume(volume);
}

/** What only a Pod itself gets, not a template. */
export function defaultPod(pod: JsonObject): void {
  const spec = pod.spec ??= {};
  spec.enableServiceLinks ??= true;
  for (const container of [...objects(spec.initContainers), ...objects(spec.containers)]) {
    const { limits } = container.resources ?? {};
    if (!limits) continue;
    // what is limited and not requested is requested in full
    container.resources.requests = { ...limits, ...container.resources.requests };
  }
}

function defaultContainer(container: JsonObject, hostNetwork: boolean): void {
  container.imagePullPolicy ||= hasMovingTag(String(container.image ?? ""))
    ? "Always"
    : "IfNotPresent";
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  for (const port of objects(container.ports)) {
    port.protocol ||= "TCP";
    if (hostNetwork) port.hostPort ||= port.containerPort;
  }
  for (const variable of objects(container.env)) defaultFieldRef(variable.valueFrom);
  for (
    const probe of objects([
      container.livenessProbe,
      container.readinessProbe,
      container.startupProbe,
    ])
  ) {
    probe.timeoutSeconds ||= 1;
    probe.periodSeconds ||= 10;
    probe.successThreshold ||= 1;
    probe.failureThreshold ||= 3;
    defaultHttpGet(probe.httpGet);
    if (isObject(probe.grpc)) probe.grpc.service ??= "";
  }
  for (const handler of objects([container.lifecycle?.postStart, container.lifecycle?.preStop])) {
    defaultHttpGet(handler.httpGet);
  }
}

/** Whether an image's tag may mean something else tomorrow: `latest`, or none. */
function hasMovingTag(image: string): boolean {
  if (image === "" || image.includes("@")) return false;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest";
}

function defaultHttpGet(action: unknown): void {
  if (!isObject(action)) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function defaultFieldRef(source: unknown): void {
  if (isObject(source) && isObject(source.fieldRef)) source.fieldRef.apiVersion ||= "v1";
}

function defaultVolume(volume: JsonObject): void {
  if (Object.keys(volume).every((key) => key === "name")) volume.emptyDir = {};
  for (
    const source of objects([volume.configMap, volume.secret, volume.downwardAPI, volume.projected])
  ) {
    source.defaultMode ??= DEFAULT_MODE;
  }
  if (isObject(volume.hostPath)) volume.hostPath.type ??= "";
  for (const item of objects(volume.downwardAPI?.items)) defaultFieldRef(item);
  for (const source of objects(volume.projected?.sources)) {
    if (isObject(source.serviceAccountToken)) {
      source.serviceAccountToken.expirationSeconds ??= TOKEN_EXPIRATION;
    }
    for (const item of objects(source.downwardAPI?.items)) defaultFieldRef(item);
  }
}

/** The objects in a list that may not be there. */
export function objects(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}
