import { describeRequest, type RequestInfo, resourceOf } from "./request_info.ts";

/** How RBAC's refusals read; what an admission plugin refuses reads otherwise. */
const BY_RBAC = new RegExp(
  `User "([^"]*)" cannot (\\S+) resource "([^"]*)" in API group "([^"]*)"` +
    `(?: in the namespace "([^"]*)"| at the cluster scope)?`,
);
/** How kube-apiserver refuses an apply that would create: with no word of what is lacking. */
const UNEXPLAINED = / is forbidden:\s*$/;
/** How the API server refuses a Role, or a binding of one, that allows more than its maker may; the rules follow. */
const ESCALATION = /user "([^"]*)" .*is attempting to grant RBAC permissions not currently held:\n/;
const RULE_NOT_HELD = /^\{(.*)\}/;
const PATH_BY_RBAC = /User "([^"]*)" cannot (\S+) path "([^"]*)"/;

/**
 * The request that was refused. An apply of what does not exist needs `create` beside `patch`; who
 * lacks `patch` is told so, and who lacks `create` is told nothing.
 */
export function refusedRequest(info: RequestInfo, said = ""): RequestInfo {
  return info.verb === "patch" && UNEXPLAINED.test(said) ? { ...info, verb: "create" } : info;
}

/**
 * The text of a 403: who may not do what, and the rule of a Role that would grant it. What the
 * server says counts more than what was asked: an apply that creates lacks `create`, not `patch`.
 * What is forbidden for another reason than RBAC (a quota, Pod Security) is told in its own words.
 */
export function forbiddenMessage(asked: RequestInfo, said = ""): string {
  const info = refusedRequest(asked, said);
  const wanted = `Cannot ${describeRequest(info)}`;
  const path = PATH_BY_RBAC.exec(said);
  if (path) {
    const rule = `{ nonResourceURLs: ["${path[3]}"], verbs: ["${path[2]}"] }`;
    return `${wanted}: forbidden for "${path[1]}"; grant it with a ClusterRole rule ${rule}`;
  }
  const escalation = ESCALATION.exec(said);
  if (escalation) {
    const rules = said.split("\n").flatMap((line) => RULE_NOT_HELD.exec(line)?.[1] ?? []);
    return `${wanted}: "${escalation[1]}" cannot grant what it may not do itself; grant it with ` +
      `Role rules ${rules.map(roleRule).join(", ")}`;
  }
  const refused = BY_RBAC.exec(said);
  if (!refused && said && !UNEXPLAINED.test(said)) {
    return `${wanted}: ${said.split("\n", 1)[0]!.trim()}`;
  }

  const [, user, verb, what, group, namespace] = refused ??
    ["", "", info.verb, resourceOf(info), info.group, info.namespace];
  const rule = `{ apiGroups: ["${group}"], resources: ["${what}"], verbs: ["${verb}"] }`;
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const who = user ? `forbidden for "${user}"` : "forbidden";
  return `${wanted}: ${who}; grant it with a ${kind} rule ${rule}`;
}

/** A rule as Kubernetes prints it, `APIGroups:[""], Verbs:["get" "list"]`, as it stands in a Role. */
function roleRule(printed: string): string {
  const fields = [...printed.matchAll(/(\w+):\[([^\]]*)\]/g)].map(([, name = "", values = ""]) => {
    const key = name === "APIGroups" ? "apiGroups" : name[0]!.toLowerCase() + name.slice(1);
    return `${key}: [${values.replaceAll('" "', '", "')}]`;
  });
  return `{ ${fields.join(", ")} }`;
}
