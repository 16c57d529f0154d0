import type { Service, ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import { type Ownership, ownLabels, selectorLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { containerPorts } from "./container.ts";
import type { Part } from "../../heads.ts";
import { headKind } from "./head_kind.ts";
import { roleParts } from "./role_parts.ts";
import type { ObjectOptions } from "./workload_head.ts";

/** What a workload needs beside its head, as it is applied; pods need it before they start. */
export function workloadParts(
  params: CheckedRunParams,
  owner: Ownership,
  options: ObjectOptions = {},
): Part[] {
  const parts: Part[] = [];
  if (params.serviceAccount === undefined) parts.push(accountPart(params, owner, options));
  if (headKind(params) === "StatefulSet") parts.push(servicePart(params, owner, options));
  return [...parts, ...roleParts(params, metadataOf(params, owner, options))];
}

function metadataOf(
  { name, namespace }: CheckedRunParams,
  owner: Ownership,
  { owners, uid }: ObjectOptions,
): Part["metadata"] {
  return { name, namespace, labels: ownLabels(owner), ownerReferences: owners, uid };
}

/** The account of a workload's pods: without any permission, and tied to its head. */
export function accountPart(
  params: CheckedRunParams,
  owner: Ownership,
  options: ObjectOptions = {},
): ServiceAccount & { apiVersion: "v1"; kind: "ServiceAccount" } {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadataOf(params, owner, options),
    automountServiceAccountToken: false,
  };
}

/** The Service that gives each worker a name: `<worker>.<workload>.<namespace>.svc`. */
function servicePart(
  params: CheckedRunParams,
  owner: Ownership,
  options: ObjectOptions,
): Service & { apiVersion: "v1"; kind: "Service" } {
  const ports = containerPorts(params).map(({ name, containerPort, protocol }) => ({
    name,
    port: containerPort,
    protocol,
    targetPort: containerPort,
  }));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(params, owner, options),
    spec: {
      clusterIP: "None",
      selector: selectorLabels(owner),
      publishNotReadyAddresses: true, // peers find each other while they start
      ...(ports.length > 0 && { ports }),
    },
  };
}
