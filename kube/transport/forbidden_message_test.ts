import { strictEqual } from "node:assert/strict";
import { toApiError } from "./api_error.ts";
import { forbiddenMessage } from "./forbidden_message.ts";
import { parseRequest } from "./request_info.ts";

const USER = "system:serviceaccount:default:supervisor";
const pods = parseRequest("GET", "/api/v1/namespaces/default/pods");

Deno.test("forbiddenMessage() gives the Role rule that would grant it", () => {
  strictEqual(
    forbiddenMessage(
      pods,
      `pods is forbidden: User "${USER}" cannot list resource "pods" in API group "" ` +
        `in the namespace "default"`,
    ),
    `Cannot list pods in namespace "default": forbidden for "${USER}"; grant it with a Role rule ` +
      `{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }`,
  );
});

Deno.test("forbiddenMessage() gives a ClusterRole rule at the cluster scope", () => {
  strictEqual(
    forbiddenMessage(
      parseRequest("GET", "/api/v1/nodes"),
      `nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope`,
    ),
    `Cannot list nodes: forbidden for "jane"; grant it with a ClusterRole rule ` +
      `{ apiGroups: [""], resources: ["nodes"], verbs: ["list"] }`,
  );
});

Deno.test("forbiddenMessage() believes the server when another verb is lacking than was asked", () => {
  const apply = parseRequest("PATCH", "/apis/apps/v1/namespaces/ns/deployments/web");
  strictEqual(
    forbiddenMessage(
      apply,
      `deployments.apps "web" is forbidden: User "jane" cannot create resource "deployments" ` +
        `in API group "apps" in the namespace "ns"`,
    ),
    `Cannot patch deployments.apps "web" in namespace "ns": forbidden for "jane"; grant it with ` +
      `a Role rule { apiGroups: ["apps"], resources: ["deployments"], verbs: ["create"] }`,
  );
});

Deno.test("forbiddenMessage() names the subresource", () => {
  const log = parseRequest("GET", "/api/v1/namespaces/ns/pods/web/log");
  strictEqual(
    forbiddenMessage(log),
    `Cannot get pods/log "web" in namespace "ns": forbidden; grant it with a Role rule ` +
      `{ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }`,
  );
});

Deno.test("forbiddenMessage() leaves it to the server when RBAC is not the reason", () => {
  const create = parseRequest("POST", "/api/v1/namespaces/ns/pods");
  const said = `pods "web" is forbidden: violates PodSecurity "restricted:latest": privileged`;
  strictEqual(
    forbiddenMessage(create, said),
    `Cannot create pods in namespace "ns": ${said}`,
  );
});

Deno.test("forbiddenMessage() knows paths that are no resources", () => {
  strictEqual(
    forbiddenMessage(
      parseRequest("GET", "/metrics"),
      `forbidden: User "jane" cannot get path "/metrics"`,
    ),
    `Cannot get /metrics: forbidden for "jane"; grant it with a ClusterRole rule ` +
      `{ nonResourceURLs: ["/metrics"], verbs: ["get"] }`,
  );
});

Deno.test("forbiddenMessage() asks for create when an apply is refused without a reason", () => {
  const apply = parseRequest("PATCH", "/apis/apps/v1/namespaces/ns/deployments/web");
  strictEqual(
    forbiddenMessage(apply, `deployments.apps "web" is forbidden: `),
    `Cannot create deployments.apps "web" in namespace "ns": forbidden; grant it with ` +
      `a Role rule { apiGroups: ["apps"], resources: ["deployments"], verbs: ["create"] }`,
  );
});

Deno.test("toApiError() names create when an apply is refused without a reason", () => {
  const apply = parseRequest("PATCH", "/apis/apps/v1/namespaces/ns/deployments/web");
  const message = `deployments.apps "web" is forbidden: `;
  const body = JSON.stringify({ kind: "Status", reason: "Forbidden", code: 403, message });
  const error = toApiError(apply, { httpCode: 403, body, source: "s" });
  strictEqual(error.verb, "create");
  strictEqual(error.reason, "Forbidden");
});

Deno.test("forbiddenMessage() gives the rules that the maker of a Role lacks itself", () => {
  const create = parseRequest("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/roles");
  strictEqual(
    forbiddenMessage(
      create,
      'roles.rbac.authorization.k8s.io "w" is forbidden: user "' + USER +
        '" (groups=["a" "b"]) is ' +
        "attempting to grant RBAC permissions not currently held:\n" +
        '{APIGroups:[""], Resources:["configmaps"], ResourceNames:["troupe-mutex-a"], Verbs:["get" "update"]}\n' +
        '{APIGroups:["coordination.k8s.io"], Resources:["leases"], Verbs:["create"]}',
    ),
    `Cannot create roles.rbac.authorization.k8s.io in namespace "ns": "${USER}" cannot grant what it may ` +
      `not do itself; grant it with Role rules { apiGroups: [""], resources: ["configmaps"], resourceNames: ` +
      `["troupe-mutex-a"], verbs: ["get", "update"] }, { apiGroups: ["coordination.k8s.io"], ` +
      `resources: ["leases"], verbs: ["create"] }`,
  );
});
