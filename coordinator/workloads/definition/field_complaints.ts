import { billionths } from "../../../kube/mod.ts";
import type { RunParams } from "../run_params.ts";
import { contradiction, headKind } from "./head_kind.ts";
import { disksByName, isOneDisk } from "./params/disks.ts";

/** Where a pod's own writable directory is. */
const TMP = "/tmp";

/** What is wrong between fields that are each right, as complaints that name them. */
export function fieldComplaints(params: RunParams): string[] {
  return [
    ...jobComplaints(params),
    ...nodeComplaints(params),
    ...portComplaints(params),
    ...mountComplaints(params),
    ...resourceComplaints(params),
    ...strategyComplaints(params),
    ...workersComplaints(params),
    ...primitivesComplaints(params),
    ...otherComplaints(params),
  ];
}

function jobComplaints({ completions, items }: RunParams): string[] {
  if (completions === undefined || items === undefined) return [];
  return [contradiction("completions", "items", "each item is completed once")];
}

function nodeComplaints({ everyNode, nodeSelector, tolerations }: RunParams): string[] {
  if (typeof everyNode !== "object") return [];
  return [
    ...(everyNode.selector && nodeSelector
      ? [contradiction("everyNode.selector", "nodeSelector")]
      : []),
    ...(everyNode.tolerations && tolerations
      ? [contradiction("everyNode.tolerations", "tolerations")]
      : []),
  ];
}

function portComplaints({ port, ports = {}, probes = {} }: RunParams): string[] {
  const out: string[] = [];
  const taken = new Map<string, string>(port === undefined ? [] : [[`${port}/TCP`, "port"]]);
  for (const [name, given] of Object.entries(ports)) {
    const { port: number, protocol = "TCP" } = typeof given === "number" ? { port: given } : given;
    const other = taken.get(`${number}/${protocol}`);
    if (other !== undefined) out.push(`"${other}" and "ports.${name}" are both ${number}`);
    taken.set(`${number}/${protocol}`, `ports.${name}`);
  }
  for (const [name, probe] of Object.entries(probes)) {
    if (typeof probe !== "object") continue;
    const { http, command, port: own } = probe;
    const at = `probes.${name}`;
    if (command && http) out.push(contradiction(`${at}.command`, `${at}.http`));
    if (command && own !== undefined) out.push(contradiction(`${at}.command`, `${at}.port`));
    if (!command && own === undefined && port === undefined) {
      out.push(`"${at}" means nothing without "port", "${at}.port" or "${at}.command"`);
    }
  }
  return out;
}

function mountComplaints(params: RunParams): string[] {
  const out: string[] = [];
  const paths = new Map([[TMP, `the writable ${TMP} of every worker`]]);
  const names = new Set(["tmp"]);
  const lone = params.storage !== undefined && isOneDisk(params.storage);
  const mounts = [
    ...Object.entries(disksByName(params.storage)).map(([name, { path }]) => ({
      name,
      path,
      field: lone ? "storage" : `storage.${name}`,
    })),
    ...Object.entries(params.volumes ?? {}).map(([name, { path }]) => ({
      name,
      path,
      field: `volumes.${name}`,
    })),
  ];
  for (const { name, path, field } of mounts) {
    if (names.has(name)) out.push(`"${field}" cannot be named "${name}": the name is taken`);
    const other = paths.get(path);
    if (other !== undefined) out.push(`"${field}.path" given "${path}", which is ${other}`);
    names.add(name);
    paths.set(path, `that of "${field}"`);
  }
  return out;
}

function resourceComplaints({ resources = {} }: RunParams): string[] {
  const out: string[] = [];
  for (const name of ["cpu", "memory"] as const) {
    const [given, limit] = [resources[name], resources.limits?.[name]];
    if (given === undefined || limit === undefined) continue;
    if (billionths(String(given))! <= billionths(String(limit))!) continue;
    out.push(`"resources.${name}" given ${given} is more than "resources.limits.${name}" ${limit}`);
  }
  return out;
}

function strategyComplaints(params: RunParams): string[] {
  const { maxSurge, maxUnavailable } = params.strategy ?? {};
  const [surges, lacks] = [maxSurge, maxUnavailable].map((share) =>
    share === undefined ? undefined : parseInt(String(share)) > 0
  );
  if (surges === false && lacks === false) {
    return ['"strategy.maxSurge" and "strategy.maxUnavailable" cannot both be 0'];
  }
  if (headKind(params) === "DaemonSet" && surges && lacks) {
    return [
      '"strategy.maxSurge" and "strategy.maxUnavailable" cannot both be more than 0 for ' +
      '"everyNode"',
    ];
  }
  return [];
}

function workersComplaints({ workers, replicas, contract }: RunParams): string[] {
  if (workers === undefined) return [];
  const { min = 0, max } = workers;
  const out: string[] = [];
  if (replicas !== undefined) out.push(contradiction("workers", "replicas"));
  if (contract === undefined) {
    out.push('"workers" means nothing without "contract": what there is to do is not known');
  }
  if (min > max) out.push(`"workers.min" given ${min} is more than "workers.max" ${max}`);
  return out;
}

function primitivesComplaints(
  { primitives, serviceAccount, automountToken }: RunParams,
): string[] {
  if (primitives === undefined) return [];
  return [
    ...serviceAccount === undefined ? [] : [
      contradiction(
        "primitives",
        "serviceAccount",
        'what that account may do is for its owner to say, its token comes by "automountToken"',
      ),
    ],
    ...automountToken === false
      ? ['"automountToken" cannot be false with "primitives": they need the token']
      : [],
  ];
}

function otherComplaints(params: RunParams): string[] {
  const { identity, storage, name, supervision, security = {} } = params;
  const out: string[] = [];
  if (storage !== undefined && identity === false) {
    out.push('"identity" cannot be false with "storage": a disk belongs to one worker');
  }
  if (headKind(params) === "StatefulSet" && !/^[a-z]/.test(name)) {
    // the name of its Service, which may not begin with a digit
    const field = storage === undefined ? "identity" : "storage";
    out.push(`"name" given "${name}" must begin with a letter for "${field}"`);
  }
  if (supervision?.after !== undefined && supervision.app === undefined) {
    out.push('"supervision.after" means nothing without "supervision.app"');
  }
  if (supervision?.after?.includes(name)) {
    out.push(`"supervision.after" given "${name}", which is the workload itself`);
  }
  if (supervision?.replaceOnNodeLoss && headKind(params) !== "StatefulSet") {
    out.push('"supervision.replaceOnNodeLoss" means nothing without "identity" or "storage"');
  }
  if (security.privileged && security.privilegeEscalation === false) {
    out.push('"security.privilegeEscalation" cannot be false with "security.privileged"');
  }
  return out;
}
