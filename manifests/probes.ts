import type { Probe } from "@cloudydeno/kubernetes-apis/core/v1";

/** Name of the port at which a coordinator answers probes and Prometheus. */
export const HEALTH_PORT_NAME = "health";

/**
 * A new replica takes part in a rollout within 2 s of its caches being complete; 6 s of failures
 * take it out, which nobody but a rollout goes by.
 */
export const READINESS: Probe = probe("/readyz", {
  periodSeconds: 2,
  timeoutSeconds: 1,
  failureThreshold: 3,
});

/**
 * A process that does not answer for a minute is ended. Longer than the Lease lasts: another replica
 * leads by then, and nobody is killed for a pause that it gets over by itself.
 */
export const LIVENESS: Probe = probe("/livez", {
  periodSeconds: 10,
  timeoutSeconds: 5,
  failureThreshold: 6,
});

function probe(path: string, timing: Omit<Probe, "httpGet">): Probe {
  return { httpGet: { path, port: HEALTH_PORT_NAME }, ...timing };
}
