import type { PolicyRule } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { type PrimitiveRef, primitiveRules } from "./primitive_rules.ts";

/** Options of {@linkcode coordinatorRules}. */
export interface CoordinatorRulesOptions {
  /**
   * Whether the coordinator stands for election, as one of several replicas.
   * @default false
   */
  election?: boolean;
  /**
   * The kinds that it was told by its option `kinds`: what workloads may become.
   * @default all
   */
  kinds?: readonly ("Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob")[];
  /**
   * Whether it deletes workloads.
   * @default false
   */
  deletes?: boolean;
  /**
   * Whether it supervises workers, or says which go first when they become fewer, as it does for workloads
   * with `workers`: it marks pods, takes
   * them out of their workloads, and deletes those that it replaces.
   * @default false
   */
  supervision?: boolean;
  /**
   * Whether it reads its pods' logs.
   * @default false
   */
  logs?: boolean;
  /**
   * Whether it runs commands in its pods. They go by WebSocket, which API servers judge as `get`, and
   * from Kubernetes 1.35 on as `create` too.
   * @default false
   */
  exec?: boolean;
  /**
   * Whether it reaches its workers through the API server, as one that runs outside the cluster does.
   * It opens WebSockets, which API servers judge as `get`; with it, it can reach each port of each pod
   * of the namespace.
   * @default false
   */
  proxy?: boolean;
  /**
   * Whether it goes back to earlier revisions, which it reads then.
   * @default false
   */
  undo?: boolean;
  /**
   * Whether it reads what Kubernetes tells about its objects: `Workload.events`, and for `ready` why
   * pods of stateful sets, daemon sets and jobs cannot be created.
   * @default false
   */
  events?: boolean;
  /**
   * Whether it runs workers with a contract: it keeps the keys by which they know each other in a
   * Secret, in each namespace with such workers. It may read and change that one only; but which one is
   * created no Role can tell by its name, so it may create any.
   * @default none
   */
  messaging?: {
    /** The coordinator's name. */
    coordinator: string;
    /**
     * Whether it makes certificates for its workers too. They are in Secrets of their own.
     * @default false
     */
    tls?: boolean;
  };
  /**
   * Whether it has timers, which it keeps in a ConfigMap.
   * @default false
   */
  timers?: boolean;
  /**
   * What else it keeps in ConfigMaps `troupe-<name>-…` of its own, by the end of their names: of a batch
   * `batch-<its name>`.
   * @default nothing
   */
  records?: readonly string[];
  /**
   * What its workloads use of primitives, all that `run` names in the namespace; and what it uses itself, there.
   * It makes Roles for them, and nobody can grant what he may not do.
   * @default nothing
   */
  primitives?: readonly PrimitiveRef[];
  /**
   * The coordinator's name: it may then read and change no other ConfigMaps than those. To create one
   * cannot be restricted to a name.
   * @default that of `messaging`; without it all ConfigMaps of the namespace
   */
  name?: string;
}

const RBAC = "rbac.authorization.k8s.io";

/** Group and plural of the kinds of heads. */
const HEADS = {
  Deployment: ["apps", "deployments"],
  StatefulSet: ["apps", "statefulsets"],
  DaemonSet: ["apps", "daemonsets"],
  Job: ["batch", "jobs"],
  CronJob: ["batch", "cronjobs"],
} as const;

type Kind = keyof typeof HEADS;

const ALL: readonly Kind[] = Object.keys(HEADS) as Kind[];

/**
 * What a coordinator does in a namespace, and so what its Role holds: it watches the objects that
 * workloads consist of, their pods and what belongs to them; creates and changes the former (an apply
 * needs `patch`); and, by option, deletes them, sees after single pods, stands for election on a Lease,
 * and keeps keys in Secrets.
 */
export function coordinatorRules(options: CoordinatorRulesOptions = {}): PolicyRule[] {
  const { kinds = ALL, election, deletes, supervision, logs, exec, proxy, undo, events } = options;
  const { messaging, primitives = [] } = options;
  const keeps = ["create", "get", "list", "patch", "watch"];
  const heads = deletes ? [...keeps, "delete"].sort() : keeps;
  const pods = supervision ? ["delete", "get", "list", "patch", "watch"] : ["list", "watch"];
  const rules = [
    rule("apps", pluralsOf("apps", kinds), heads),
    rule("batch", pluralsOf("batch", kinds), heads),
    rule("", ["pods"], pods),
    rule("", logs ? ["pods/log"] : [], ["get"]),
    rule("", proxy ? ["pods/proxy"] : [], ["get"]),
    rule("", exec ? ["pods/exec"] : [], ["create", "get"]),
    rule("apps", undo ? ["controllerrevisions", "replicasets"] : [], ["list"]),
    rule("", events ? ["events"] : [], ["list", "watch"]),
    rule("", ["serviceaccounts"], keeps),
    rule("", kinds.includes("StatefulSet") ? ["services"] : [], keeps),
    rule("", messaging ? ["secrets"] : [], ["create"]),
    { ...rule("", messaging ? ["secrets"] : [], ["get", "patch"]), ...named(messaging) },
    rule("coordination.k8s.io", election ? ["leases"] : [], [
      "create",
      "get",
      "list",
      "update",
      "watch",
    ]),
    ...recordRules(options),
    rule(RBAC, primitives.length > 0 ? ["rolebindings", "roles"] : [], [...keeps, "delete"].sort()),
    ...primitiveRules(primitives),
  ];
  return rules.filter(({ resources }) => resources!.length > 0);
}

/** The Secrets of `coordinator/messaging/`. */
function named(messaging: CoordinatorRulesOptions["messaging"]): Pick<PolicyRule, "resourceNames"> {
  const { coordinator, tls } = messaging ?? {};
  const kinds = tls ? ["key", "ca", "tls"] : ["key"];
  return { resourceNames: kinds.map((kind) => `troupe-${coordinator}-${kind}`) };
}

/** ConfigMaps are read and changed by their names alone: nobody lists or watches them. */
function recordRules(options: CoordinatorRulesOptions): PolicyRule[] {
  const { timers, records = [], messaging, name = messaging?.coordinator } = options;
  const all: [string[], string[]][] = [
    [timers ? ["timers"] : [], ["get", "patch"]],
    [[...records], ["delete", "get", "patch"]],
  ];
  const kept = all.filter(([ends]) => ends.length > 0);
  if (kept.length === 0) return [];
  const rules = kept.map(([ends, verbs]): PolicyRule => ({
    ...rule("", ["configmaps"], verbs),
    ...(name !== undefined && { resourceNames: ends.map((end) => `troupe-${name}-${end}`) }),
  }));
  return [rule("", ["configmaps"], ["create"]), ...rules];
}

function rule(group: string, resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: [group], resources, verbs };
}

function pluralsOf(group: string, kinds: readonly Kind[]): string[] {
  return kinds.map((kind) => HEADS[kind]).filter((head) => head[0] === group)
    .map(([, plural]) => plural as string).sort();
}
