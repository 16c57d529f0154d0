import { describeRequest, type RequestInfo, resourceOf } from "./request_info.ts";

/** How RBAC's refusals read; what an admission plugin refuses reads otherwise. */
const BY_RBAC = new RegExp(
  `User "([^"]*)" cannot (\\S+) resource "([^"]*)" in API group "([^"]*)"` +
    `(?: in the namespace "([^"]*)"| at the cluster scope)?`,
);
const PATH_BY_RBAC = /User "([^"]*)" cannot (\S+) path "([^"]*)"/;

/**
 * The text of a 403: who may not do what, and the rule of a Role that would grant it. What the
 * server says counts more than what was asked: an apply that creates lacks `create`, not `patch`.
 * What is forbidden for another reason than RBAC (a quota, Pod Security) is told in its own words.
 */
export function forbiddenMessage(info: RequestInfo, said = ""): string {
  const wanted = `Cannot ${describeRequest(info)}`;
  const path = PATH_BY_RBAC.exec(said);
  if (path) {
    const rule = `{ nonResourceURLs: ["${path[3]}"], verbs: ["${path[2]}"] }`;
    return `${wanted}: forbidden for "${path[1]}"; grant it with a ClusterRole rule ${rule}`;
  }
  const refused = BY_RBAC.exec(said);
  if (!refused && said) return `${wanted}: ${said.split("\n", 1)[0]!.trim()}`;

  const [, user, verb, what, group, namespace] = refused ??
    ["", "", info.verb, resourceOf(info), info.group, info.namespace];
  const rule = `{ apiGroups: ["${group}"], resources: ["${what}"], verbs: ["${verb}"] }`;
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const who = user ? `forbidden for "${user}"` : "forbidden";
  return `${wanted}: ${who}; grant it with a ${kind} rule ${rule}`;
}
