/** Probes and hooks of a pod, as actions with numbers that are all there. */
import type { Container, LifecycleHandler, Probe } from "@cloudydeno/kubernetes-apis/core/v1";
import type { ContainerAction } from "./runtime.ts";

/** Where a container's ports are found. */
export interface ProbeTarget {
  readonly container: Container;
  readonly podIP: string;
  /** In ports mode: the port that stands for the container's first one. */
  readonly port?: number;
}

/** When to probe, and how many results count; milliseconds. */
export interface ProbeTiming {
  readonly initialDelay: number;
  readonly period: number;
  readonly timeout: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** The API's defaults: every 10 s, 1 s time-out, 1 success, 3 failures. */
export function probeTiming(probe: Probe): ProbeTiming {
  const seconds = (value: number | null | undefined, otherwise: number) =>
    (value || otherwise) * 1000;
  return {
    initialDelay: seconds(probe.initialDelaySeconds, 0),
    period: seconds(probe.periodSeconds, 10),
    timeout: seconds(probe.timeoutSeconds, 1),
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
  };
}

/** What a probe or hook does; undefined for one that this node cannot do (grpc) or that is empty. */
export function toAction(
  handler: Pick<LifecycleHandler, "exec" | "httpGet" | "tcpSocket">,
  target: ProbeTarget,
): ContainerAction | undefined {
  const { exec, httpGet, tcpSocket } = handler;
  if (exec) return { type: "exec", command: exec.command ?? [] };
  if (tcpSocket) {
    return {
      type: "tcp",
      host: tcpSocket.host || target.podIP,
      port: portNumber(tcpSocket.port, target),
    };
  }
  if (!httpGet) return undefined;
  const path = httpGet.path || "/";
  return {
    type: "http",
    host: httpGet.host || target.podIP,
    port: portNumber(httpGet.port, target),
    path: path.startsWith("/") ? path : `/${path}`,
    scheme: httpGet.scheme === "HTTPS" ? "https" : "http",
    headers: (httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value] as const),
  };
}

/** The number of a port given by number or name; throws on a name that the container lacks. */
function portNumber(port: number | string, { container, port: instead }: ProbeTarget): number {
  const ports = container.ports ?? [];
  const named = ports.find((one) => one.name === port);
  const number = named?.containerPort ?? Number(port);
  if (!Number.isInteger(number)) {
    throw new TypeError(
      `Cannot probe port "${port}" of container "${container.name}": it has no port of that name`,
    );
  }
  return instead !== undefined && number === ports[0]?.containerPort ? instead : number;
}
