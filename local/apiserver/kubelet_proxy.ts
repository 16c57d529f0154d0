/** What the server fetches from a node's kubelet endpoint for a client: container logs. */
import type { Backend } from "./backend.ts";
import { badRequest, notFound, StatusError, unreachable } from "./errors.ts";
import { forward } from "./forward.ts";
import { resource } from "./kinds.ts";
import { type ApiObject, at, type JsonObject } from "./object.ts";

const PODS = resource("v1", "pods");

/** Answers `/log` of a pod. */
export async function podLog(
  backend: Backend,
  target: { namespace: string; name: string },
  search: URLSearchParams,
): Promise<Response> {
  const query = new URLSearchParams(search);
  const url = containerUrl(backend, { ...target, root: "containerLogs" }, query);
  // A pod that is not placed has no logs yet.
  if (!url) return new Response(null, { status: 204 });
  const answer = await forward(url, { method: "GET", headers: new Headers() })
    .catch((error) => {
      throw unreachable(error);
    });
  if (!answer.ok) throw await refusal(answer, target.name);
  return answer;
}

/**
 * Where the pod's kubelet serves something of the container that the query names, or of the only one;
 * undefined if the pod is not placed. The rest of the query goes along.
 */
export function containerUrl(
  backend: Backend,
  target: { namespace: string; name: string; root: string },
  query: URLSearchParams,
): URL | undefined {
  const { namespace, name, root } = target;
  const pod = backend.store.get("pods", namespace, name)?.object;
  if (!pod) throw notFound(PODS, name);
  const container = chooseContainer(pod, query.get("container"));
  const nodeName = String(at(pod, "spec", "nodeName") ?? "");
  if (!nodeName) return undefined;
  const node = backend.store.get("nodes", "", nodeName)?.object;
  if (!node) throw notFound(resource("v1", "nodes"), nodeName);
  const addresses = at(node, "status", "addresses") as { type: string; address: string }[] ?? [];
  const address = addresses.find(({ type }) => type === "InternalIP")?.address;
  const port = at(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
  if (!address || !port) {
    throw new StatusError(
      500,
      "InternalError",
      `Internal error occurred: node ${JSON.stringify(nodeName)} has no kubelet endpoint`,
    );
  }
  const url = new URL(`https://${address}:${port}/${root}/${namespace}/${name}/${container}`);
  query.delete("container");
  url.search = query.toString();
  return url;
}

/** What a kubelet refuses, it says as plain text; clients expect a Status. */
async function refusal(answer: Response, name: string): Promise<StatusError> {
  const text = (await answer.text()).trim();
  if (answer.status === 400) return badRequest(text);
  if (answer.status === 404) {
    return new StatusError(404, "NotFound", text, { name, kind: PODS.plural });
  }
  return new StatusError(500, "InternalError", `Internal error occurred: ${text}`);
}

function chooseContainer(pod: ApiObject, asked: string | null): string {
  const names = (field: string) =>
    ((at(pod, "spec", field) ?? []) as JsonObject[]).map(({ name }) => String(name));
  const main = names("containers");
  const all = [...names("initContainers"), ...main, ...names("ephemeralContainers")];
  const pick = asked || (main.length === 1 ? main[0] as string : "");
  const { name } = pod.metadata;
  if (!pick) {
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${main.join(" ")}]`,
    );
  }
  if (!all.includes(pick)) throw badRequest(`container ${pick} is not valid for pod ${name}`);
  return pick;
}
