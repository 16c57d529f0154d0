import type {
  Container,
  ContainerPort,
  ResourceRequirements,
} from "@cloudydeno/kubernetes-apis/core/v1";
import type { Quantity } from "@cloudydeno/kubernetes-apis/common.ts";
import { billionths } from "../../../kube/mod.ts";
import { type Ownership, TLS_PORT, WORKER_CONTAINER } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { envVars } from "./env_vars.ts";
import { MAIN_PORT } from "./params/ports.ts";
import type { Amount } from "./params/resources.ts";
import { probesOf } from "./probes.ts";
import { canonicalQuantity } from "./quantity.ts";

/** The container in which a worker runs, without what a restricted pod says of it. */
export function workerContainer(params: CheckedRunParams, owner: Ownership): Container {
  const { image, imagePullPolicy, command, args } = params;
  const ports = containerPorts(params);
  return {
    name: WORKER_CONTAINER,
    image,
    imagePullPolicy,
    command,
    args,
    env: envVars(params, owner),
    ...(ports.length > 0 && { ports }),
    ...probesOf(params),
  };
}

/** The ports of a worker, the main one first. */
export function containerPorts({ port, ports = {}, tlsPort }: CheckedRunParams): ContainerPort[] {
  const main = port === undefined
    ? []
    : [{ name: MAIN_PORT, containerPort: port, protocol: "TCP" }];
  const others = Object.entries(ports).map(([name, given]) => {
    const { port: containerPort, protocol = "TCP" } = typeof given === "number"
      ? { port: given }
      : given;
    return { name, containerPort, protocol };
  });
  const tls = tlsPort === undefined
    ? []
    : [{ name: TLS_PORT, containerPort: tlsPort, protocol: "TCP" }];
  return [...main, ...others, ...tls];
}

/** What a worker gets of a node: what is kept for it is never more than what it gets at most. */
export function resourcesOf(
  { resources = {} }: CheckedRunParams,
  defaults: ResourceRequirements,
): ResourceRequirements {
  const { limits = {} } = resources;
  const requests = Object.entries(defaults.requests ?? {}).map(([name, usual]) => {
    const given = resources[name as "cpu" | "memory"];
    return [name, given === undefined ? atMost(usual, limits[name]) : canonicalQuantity(given)];
  });
  const most = Object.entries(limits).map(([name, limit]) => [name, canonicalQuantity(limit)]);
  return {
    requests: Object.fromEntries(requests),
    ...(most.length > 0 && { limits: Object.fromEntries(most) }),
  };
}

function atMost(usual: Quantity, limit: Amount | undefined): Quantity {
  if (limit === undefined) return usual;
  return billionths(String(limit))! < billionths(usual.serialize())!
    ? canonicalQuantity(limit)
    : usual;
}
