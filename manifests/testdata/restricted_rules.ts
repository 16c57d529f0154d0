import type { Container, PodSpec } from "@cloudydeno/kubernetes-apis/core/v1";

/** One control of the `restricted` Pod Security Standard, and troupe's own beside them. */
interface Rule {
  /** Its name in the standard. */
  readonly name: string;
  /** Whether a pod complies. */
  readonly complies: (pod: PodSpec) => boolean;
}

function each(check: (container: Container) => boolean): (pod: PodSpec) => boolean {
  return (pod) => [...pod.containers, ...pod.initContainers ?? []].every(check);
}

/** Hosts that a container's probes and hooks name; since 1.34 the standard allows none. */
function hosts(container: Container): string[] {
  const { readinessProbe, livenessProbe, startupProbe, lifecycle } = container;
  const handlers = [readinessProbe, livenessProbe, startupProbe];
  return [...handlers, lifecycle?.postStart, lifecycle?.preStop]
    .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
    .filter((host) => host != null && host !== "") as string[];
}

/** Types of volumes that the standard allows. */
const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ as a table, for tests. */
const RULES: readonly Rule[] = [
  {
    name: "host namespaces",
    complies: (pod) => !pod.hostNetwork && !pod.hostPID && !pod.hostIPC,
  },
  { name: "privileged containers", complies: each((c) => !c.securityContext?.privileged) },
  {
    name: "host ports",
    complies: each((c) => (c.ports ?? []).every((port) => !port.hostPort)),
  },
  {
    name: "volume types",
    complies: (pod) =>
      (pod.volumes ?? []).every((volume) =>
        Object.keys(volume).every((key) => key === "name" || VOLUMES.includes(key))
      ),
  },
  {
    name: "privilege escalation",
    complies: each((c) => c.securityContext?.allowPrivilegeEscalation === false),
  },
  {
    name: "running as non-root",
    complies: (pod) =>
      pod.securityContext?.runAsNonRoot === true &&
      each((c) => c.securityContext?.runAsNonRoot !== false)(pod),
  },
  {
    name: "running as non-root user",
    complies: (pod) =>
      pod.securityContext?.runAsUser !== 0 && each((c) => c.securityContext?.runAsUser !== 0)(pod),
  },
  {
    name: "seccomp",
    complies: (pod) =>
      ["RuntimeDefault", "Localhost"].includes(pod.securityContext?.seccompProfile?.type ?? "") &&
      each((c) => c.securityContext?.seccompProfile?.type !== "Unconfined")(pod),
  },
  {
    name: "capabilities",
    complies: each(({ securityContext }) =>
      (securityContext?.capabilities?.drop ?? []).includes("ALL") &&
      (securityContext?.capabilities?.add ?? []).every((name) => name === "NET_BIND_SERVICE")
    ),
  },
  {
    name: "host process",
    complies: (pod) =>
      !pod.securityContext?.windowsOptions?.hostProcess &&
      each((c) => !c.securityContext?.windowsOptions?.hostProcess)(pod),
  },
  { name: "host probes and lifecycle hooks", complies: each((c) => hosts(c).length === 0) },
  {
    name: "AppArmor",
    complies: (pod) =>
      [pod, ...pod.containers].every(({ securityContext }) =>
        securityContext?.appArmorProfile?.type !== "Unconfined"
      ),
  },
  {
    // stricter than the standard, which allows some: troupe sets none
    name: "SELinux",
    complies: (pod) =>
      [pod, ...pod.containers].every(({ securityContext }) =>
        securityContext?.seLinuxOptions == null
      ),
  },
  { name: "sysctls", complies: (pod) => (pod.securityContext?.sysctls ?? []).length === 0 },
  { name: "proc mount", complies: each((c) => c.securityContext?.procMount == null) },
  {
    name: "troupe: read-only root file system",
    complies: each((c) => c.securityContext?.readOnlyRootFilesystem === true),
  },
  {
    name: "troupe: resource requests",
    complies: each((c) => ["cpu", "memory"].every((key) => c.resources?.requests?.[key] != null)),
  },
  {
    name: "troupe: says whether it gets a token",
    complies: (pod) => typeof pod.automountServiceAccountToken === "boolean",
  },
];

/** Names of the controls that a pod violates. */
export function violations(pod: PodSpec): string[] {
  return RULES.filter(({ complies }) => !complies(pod)).map(({ name }) => name);
}
