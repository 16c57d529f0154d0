import type { Container, Probe } from "@cloudydeno/kubernetes-apis/core/v1";
import type { CheckedRunParams } from "../run_params.ts";
import type { ProbeParams } from "./params/probes.ts";
import { seconds } from "./params/schemas.ts";

/** How often a worker is asked unless told, in milliseconds. */
const PROBE_EVERY = 2000;

/**
 * The probes of a worker. With a port it is ready once it listens there: a connect says nothing
 * about paths, so it suits any image. There is no liveness probe unless the user wants one: a
 * worker whose event loop is busy is not to be killed blindly.
 */
export function probesOf(
  { port, probes = {} }: CheckedRunParams,
): Pick<Container, "readinessProbe" | "livenessProbe" | "startupProbe"> {
  const { readiness = port === undefined ? false : {}, liveness, startup } = probes;
  return {
    ...(readiness && { readinessProbe: probeOf(readiness, port) }),
    ...(liveness && { livenessProbe: probeOf(liveness, port) }),
    ...(startup && { startupProbe: probeOf(startup, port) }),
  };
}

function probeOf(params: ProbeParams, mainPort: number | undefined): Probe {
  const { http, command, every = PROBE_EVERY, timeout, failures, delay } = params;
  const port = params.port ?? mainPort ?? 0; // there is one, unless it is a command
  return {
    ...(command
      ? { exec: { command } }
      : http
      ? { httpGet: { path: http, port } }
      : { tcpSocket: { port } }),
    periodSeconds: seconds(every),
    ...(timeout !== undefined && { timeoutSeconds: seconds(timeout) }),
    ...(failures !== undefined && { failureThreshold: failures }),
    ...(delay ? { initialDelaySeconds: seconds(delay) } : {}),
  };
}
