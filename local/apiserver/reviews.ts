/** Reviews and token requests: answered from nothing, as everything is allowed here. */
import type { Backend } from "./backend.ts";
import { invalid, notFound } from "./errors.ts";
import { resource } from "./kinds.ts";
import { type ApiObject, at, formatTime, isObject } from "./object.ts";

const ADMIN = { username: "troupe:admin", groups: ["system:masters", "system:authenticated"] };
const MIN_TOKEN_SECONDS = 600;
const DEFAULT_TOKEN_SECONDS = 3600;
const TOKEN_BYTES = 32;

/** Answers a review with its status filled in. */
export function review(kind: string, object: ApiObject): ApiObject {
  const { kind: _, apiVersion, metadata, ...rest } = object;
  const status = statusOf(kind);
  return { kind, apiVersion, metadata, ...rest, status };
}

function statusOf(kind: string): unknown {
  switch (kind) {
    case "SelfSubjectReview":
      return { userInfo: ADMIN };
    case "TokenReview":
      return { authenticated: true, user: ADMIN };
    case "SelfSubjectRulesReview":
      return {
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
        nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        incomplete: false,
      };
    default:
      return { allowed: true, reason: "everything is allowed on this cluster" };
  }
}

/** Answers a TokenRequest with an opaque token; nothing here ever checks it. */
export function requestToken(
  backend: Backend,
  account: { namespace: string; name: string },
  request: ApiObject,
): ApiObject {
  const { namespace, name } = account;
  if (!backend.store.get("serviceaccounts", namespace, name)) {
    throw notFound(resource("v1", "serviceaccounts"), name);
  }
  const asked = at(request, "spec", "expirationSeconds");
  const seconds = typeof asked === "number" ? asked : DEFAULT_TOKEN_SECONDS;
  if (seconds < MIN_TOKEN_SECONDS) {
    throw invalid({ group: "authentication.k8s.io", kind: "TokenRequest" }, name, [{
      reason: "FieldValueInvalid",
      message: `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`,
      field: "spec.expirationSeconds",
    }]);
  }
  const now = backend.now();
  const random = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  const token = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const audiences = at(request, "spec", "audiences") ?? ["https://kubernetes.default.svc"];
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: formatTime(now) },
    spec: {
      ...(isObject(request.spec) ? request.spec : {}),
      audiences,
      expirationSeconds: seconds,
    },
    status: {
      token: `troupe-${token}`,
      expirationTimestamp: formatTime(new Date(now.getTime() + seconds * 1000)),
    },
  };
}
