/** Fetches the OpenAPI v2 document of a cluster. */
import { KubeConfig } from "@cloudydeno/kubernetes-client";
import type { OpenApiDocument } from "./openapi.ts";

/** From the API server of the current context of the kubeconfig at `path`. */
export async function fetchOpenApi(path: string): Promise<OpenApiDocument> {
  const context = (await KubeConfig.readFromPath(path)).fetchContext();
  const [server, client, authorization] = await Promise.all([
    context.getServerTls(),
    context.getClientTls(),
    context.getAuthHeader(),
  ]);
  using http = Deno.createHttpClient({
    ...(server && { caCerts: [server.serverCert] }),
    ...(client && { cert: client.userCert, key: client.userKey }),
  });
  const url = new URL("/openapi/v2", context.cluster.server);
  const response = await fetch(url, {
    client: http,
    headers: { accept: "application/json", ...(authorization && { authorization }) },
  });
  if (response.ok) return await response.json();
  await response.body?.cancel();
  throw new Error(`Cannot fetch "${url}": status ${response.status}`);
}
