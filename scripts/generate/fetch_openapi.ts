/** Fetches the OpenAPI v2 document of a cluster. */
import { loadClusterConfig } from "../../kube/config/mod.ts";
import { Transport } from "../../kube/transport/mod.ts";
import type { OpenApiDocument } from "./openapi.ts";

/** From the API server of the current context of the kubeconfig at `path`. */
export async function fetchOpenApi(path: string): Promise<OpenApiDocument> {
  await using transport = new Transport(await loadClusterConfig({ kubeconfig: path }));
  const document = await transport.performRequest({
    method: "GET",
    path: "/openapi/v2",
    accept: "application/json",
    expectJson: true,
  });
  return document as unknown as OpenApiDocument;
}
