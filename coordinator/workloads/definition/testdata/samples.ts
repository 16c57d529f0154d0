// Parameters of each kind that say as much as can be said of it at once.
import { checkRunParams, type RunParams } from "../../run_params.ts";
import { type Head, type ObjectOptions, workloadHead } from "../mod.ts";

const COMMON: RunParams = {
  name: "w",
  image: "w:1",
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: ["registry"],
  port: 8080,
  ports: { metrics: 9090, gossip: { port: 7946, protocol: "UDP" } },
  envs: {
    PLAIN: "1",
    EMPTY: "",
    TOKEN: { secret: "s", key: "token" },
    LEVEL: { configMap: "c", key: "level", optional: true },
  },
  labels: { tier: "back" },
  annotations: { "example.com/note": "x" },
  command: ["run"],
  args: ["--fast"],
  nodeSelector: { disk: "ssd" },
  tolerations: [{ key: "dedicated", value: "w", effect: "NoSchedule" }, { effect: "NoExecute" }],
  priorityClass: "system-node-critical",
  resources: { cpu: 0.25, memory: "1.5Gi", limits: { cpu: "2", memory: "2048Mi" } },
  probes: {
    readiness: { http: "/readyz", every: 5000, timeout: 2500, failures: 2, delay: 1500 },
    liveness: { command: ["alive"] },
    startup: { port: 9090 },
  },
  grace: 10_500,
  volumes: {
    cache: { path: "/cache", emptyDir: { size: "0.5Gi", memory: true } },
    scratch: { path: "/scratch", emptyDir: true },
    config: { path: "/etc/w", configMap: "c" },
    keys: { path: "/keys", secret: "s", optional: true },
  },
  serviceAccount: "existing",
};

/** Parameters by what they make; those of the kinds that not every server knows are apart. */
export const SAMPLES: Readonly<Record<string, RunParams>> = {
  Deployment: {
    ...COMMON,
    replicas: 3,
    spread: [{ by: "node" }, { by: "zone", required: true, skew: 2 }],
    strategy: { maxSurge: 1, maxUnavailable: "25%" },
    progressDeadline: 120_000,
    supervision: { strategy: "oneForAll", app: "shop" },
  },
  StatefulSet: {
    ...COMMON,
    replicas: 2,
    storage: {
      data: { size: "1.5Gi", path: "/data", class: "fast" },
      logs: { size: 1024 ** 2, path: "/logs", access: "ReadWriteMany" },
    },
  },
  DaemonSet: {
    ...COMMON,
    nodeSelector: undefined,
    tolerations: undefined,
    everyNode: { selector: { gpu: "yes" }, tolerations: [{ key: "gpu" }] },
    strategy: { maxUnavailable: "10%" },
  },
  Job: {
    ...COMMON,
    completions: 4,
    parallelism: 2,
    retries: 0,
    deadline: 60_000,
    restartPolicy: "onFailure",
  },
  CronJob: {
    ...COMMON,
    schedule: "0 3 * * *",
    overlap: "forbid",
    startingDeadline: 60_000,
    history: { succeeded: 0, failed: 2 },
    retries: 1,
  },
};

/** The least that makes each kind. */
export const LEAST: Readonly<Record<string, RunParams>> = {
  Deployment: { name: "w", image: "w:1" },
  StatefulSet: { name: "w", image: "w:1", identity: true },
  DaemonSet: { name: "w", image: "w:1", everyNode: true },
  Job: { name: "w", image: "w:1", completions: 1 },
  CronJob: { name: "w", image: "w:1", schedule: "@daily" },
};

/** The head of checked parameters. */
export function headOf(params: RunParams, options: ObjectOptions = {}): Head {
  const checked = checkRunParams(params, "team");
  return workloadHead(checked, { coordinator: "boss", workload: params.name }, options);
}
