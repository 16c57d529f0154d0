// The compiled executables as images: the supervisor runs in a pod, and launches the workers.
import { match, ok, strictEqual } from "node:assert/strict";
import { AppsV1Api } from "@cloudydeno/kubernetes-apis/apps/v1";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { RbacAuthorizationV1Api } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { manifests } from "../../manifests/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { greeterImages } from "../support/greeter.ts";
import { until } from "../support/until.ts";
