/**
 * Compares what is generated here with the package of that name. In this workspace that is one
 * and the same; `deno task jsr` puts the real package in its place.
 */
import { deepStrictEqual, ok as assert, strictEqual } from "node:assert/strict";
import * as apps from "@cloudydeno/kubernetes-apis/apps/v1";
import * as authentication from "@cloudydeno/kubernetes-apis/authentication.k8s.io/v1";
import * as authorization from "@cloudydeno/kubernetes-apis/authorization.k8s.io/v1";
import * as autoscaling from "@cloudydeno/kubernetes-apis/autoscaling/v1";
import * as batch from "@cloudydeno/kubernetes-apis/batch/v1";
import * as common from "@cloudydeno/kubernetes-apis/common.ts";
import * as coordination from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import * as core from "@cloudydeno/kubernetes-apis/core/v1";
import * as discovery from "@cloudydeno/kubernetes-apis/discovery.k8s.io/v1";
import * as events from "@cloudydeno/kubernetes-apis/events.k8s.io/v1";
import * as meta from "@cloudydeno/kubernetes-apis/meta/v1";
import * as operations from "@cloudydeno/kubernetes-apis/operations.ts";
import * as policy from "@cloudydeno/kubernetes-apis/policy/v1";
import * as rbac from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import * as ourCommon from "./common.ts";
import * as ourApps from "./generated/apps/v1/mod.ts";
import * as ourAuthentication from "./generated/authentication.k8s.io/v1/mod.ts";
import * as ourAuthorization from "./generated/authorization.k8s.io/v1/mod.ts";
import * as ourAutoscaling from "./generated/autoscaling/v1/mod.ts";
import * as ourBatch from "./generated/batch/v1/mod.ts";
import * as ourCoordination from "./generated/coordination.k8s.io/v1/mod.ts";
import * as ourCore from "./generated/core/v1/mod.ts";
import * as ourDiscovery from "./generated/discovery.k8s.io/v1/mod.ts";
import * as ourEvents from "./generated/events.k8s.io/v1/mod.ts";
import * as ourMeta from "./generated/meta/v1/structs.ts";
import * as ourPolicy from "./generated/policy/v1/mod.ts";
import * as ourRbac from "./generated/rbac.authorization.k8s.io/v1/mod.ts";
import * as ourOperations from "./operations.ts";

const MODULES: readonly [name: string, ours: object, theirs: object][] = [
  ["common", ourCommon, common],
  ["operations", ourOperations, operations],
  ["meta", ourMeta, meta],
  ["core", ourCore, core],
  ["apps", ourApps, apps],
  ["batch", ourBatch, batch],
  ["policy", ourPolicy, policy],
  ["autoscaling", ourAutoscaling, autoscaling],
  ["authentication", ourAuthentication, authentication],
  ["authorization", ourAuthorization, authorization],
  ["coordination", ourCoordination, coordination],
  ["discovery", ourDiscovery, discovery],
  ["events", ourEvents, events],
  ["rbac", ourRbac, rbac],
];

/** Methods that are left out here. */
const TUNNELS = /^tunnel/;
/** Readers and writers of structures, which newer versions of Kubernetes add to. */
const CODEC = /^(to|from)[A-Z]/;

Deno.test("the generated modules export what the package exports", () => {
  for (const [name, ours, theirs] of MODULES) {
    const [mine, real] = [new Set(Object.keys(ours)), new Set(Object.keys(theirs))];
    deepStrictEqual([...real.difference(mine)], [], `${name} lacks names`);
    const more = [...mine.difference(real)].filter((one) => !CODEC.test(one));
    deepStrictEqual(more, [], `${name} has names of its own`);
  }
});

Deno.test("the generated clients have the methods of the package's", () => {
  for (const [name, ours, theirs] of MODULES) {
    for (const one of Object.keys(theirs).filter((key) => key.endsWith("Api"))) {
      const mine = Object.getOwnPropertyNames(Reflect.get(ours, one).prototype).sort();
      const real = Object.getOwnPropertyNames(Reflect.get(theirs, one).prototype)
        .filter((method) => !TUNNELS.test(method)).sort();
      deepStrictEqual(mine, real, `${name} ${one}`);
    }
  }
});

Deno.test("the generated readers take and refuse an empty object as the package's do", () => {
  let compared = 0;
  for (const [name, ours, theirs] of MODULES) {
    for (const key of Object.keys(theirs).filter((key) => CODEC.test(key))) {
      const [mine, real] = [outcome(ours, key), outcome(theirs, key)];
      assert(
        mine === real || mine.startsWith("Error:") && real.startsWith(mine),
        `${name} ${key}: ${mine} in place of ${real}`,
      );
      compared++;
    }
  }
  assert(compared > 500);
});

Deno.test("the types of the package and the generated ones can be used as each other", () => {
  // Each is checked by the compiler.
  const assignable: true[] = [
    areSame<core.Pod, ourCore.Pod>(true),
    areSame<core.PodList, ourCore.PodList>(true),
    areSame<core.Node, ourCore.Node>(true),
    areSame<core.Service, ourCore.Service>(true),
    areSame<core.Secret, ourCore.Secret>(true),
    areSame<core.Event, ourCore.Event>(true),
    areSame<core.Namespace, ourCore.Namespace>(true),
    areSame<core.ConfigMap, ourCore.ConfigMap>(true),
    areSame<core.ServiceAccount, ourCore.ServiceAccount>(true),
    areSame<apps.Deployment, ourApps.Deployment>(true),
    areSame<apps.ReplicaSetList, ourApps.ReplicaSetList>(true),
    areSame<autoscaling.Scale, ourAutoscaling.Scale>(true),
    areSame<authentication.TokenRequest, ourAuthentication.TokenRequest>(true),
    areSame<authorization.SelfSubjectAccessReview, ourAuthorization.SelfSubjectAccessReview>(true),
    areSame<batch.Job, ourBatch.Job>(true),
    areSame<coordination.Lease, ourCoordination.Lease>(true),
    areSame<discovery.EndpointSlice, ourDiscovery.EndpointSlice>(true),
    areSame<events.Event, ourEvents.Event>(true),
    areSame<meta.ObjectMeta, ourMeta.ObjectMeta>(true),
    areSame<meta.Status, ourMeta.Status>(true),
    areSame<meta.LabelSelector, ourMeta.LabelSelector>(true),
    areSame<policy.PodDisruptionBudget, ourPolicy.PodDisruptionBudget>(true),
    areSame<rbac.Role, ourRbac.Role>(true),
    areSame<rbac.RoleBinding, ourRbac.RoleBinding>(true),
    areSame<common.RestClient, ourCommon.RestClient>(true),
    areSame<common.JsonPatch, ourCommon.JsonPatch>(true),
    areSame<common.PatchType, ourCommon.PatchType>(true),
    areSame<common.ProxyOptions, ourCommon.ProxyOptions>(true),
    areSame<common.WatchEventStream<number>, ourCommon.WatchEventStream<number>>(true),
    areSame<operations.GetListOpts, ourOperations.GetListOpts>(true),
    areSame<operations.WatchListOpts, ourOperations.WatchListOpts>(true),
    areSame<operations.DeleteListOpts, ourOperations.DeleteListOpts>(true),
    areSame<operations.DeleteOpts, ourOperations.DeleteOpts>(true),
    areSame<operations.PutOpts, ourOperations.PutOpts>(true),
    areSame<operations.PatchOpts, ourOperations.PatchOpts>(true),
    areSame<Methods<core.CoreV1Api>, Methods<ourCore.CoreV1Api>>(true),
    areSame<Methods<core.CoreV1NamespacedApi>, Methods<ourCore.CoreV1NamespacedApi>>(true),
    areSame<Methods<apps.AppsV1NamespacedApi>, Methods<ourApps.AppsV1NamespacedApi>>(true),
    areSame<
      Methods<coordination.CoordinationV1NamespacedApi>,
      Methods<ourCoordination.CoordinationV1NamespacedApi>
    >(true),
    areSame<Methods<rbac.RbacAuthorizationV1Api>, Methods<ourRbac.RbacAuthorizationV1Api>>(true),
  ];
  strictEqual(assignable.every(Boolean), true);
});

/** Without private fields, without what names a class of the module, without tunnels. */
type Methods<T> = Omit<Pick<T, keyof T>, "namespace" | "myNamespace" | `tunnel${string}`>;

/** Each can be used as the other; fields that may be absent may be more in one. */
function areSame<A, B>(
  yes: [A, B] extends [B, A] ? true : never,
): true {
  return yes;
}

function outcome(module: object, name: string): string {
  try {
    return JSON.stringify(Reflect.get(module, name)({}));
  } catch (error) {
    return error instanceof TypeError ? "TypeError" : String(error);
  }
}
