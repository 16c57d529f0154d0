import { parse } from "yaml";
import { type FaultPlan, FaultProxy } from "../../testing/mod.ts";
import type { TestCluster } from "./cluster.ts";

/** A fault proxy before a cluster, and a kubeconfig that leads through it. */
export interface Proxied extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly kubeconfig: string;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; "certificate-authority-data"?: string } }[];
  users: { user: Record<string, unknown> }[];
}

/** Puts a fault proxy before the cluster's API server. */
export async function startProxied(
  cluster: Pick<TestCluster, "kubeconfig">,
  options: { plan?: FaultPlan; user?: Record<string, unknown> } = {},
): Promise<Proxied> {
  const config = parse(await Deno.readTextFile(cluster.kubeconfig)) as Kubeconfig;
  const { server, "certificate-authority-data": authority } = config.clusters[0]!.cluster;
  const proxy = await FaultProxy.start({
    target: server,
    ...(options.plan && { plan: options.plan }),
    ...(authority && { caCerts: [atob(authority)] }),
  });
  const kubeconfig = await Deno.makeTempFile({ prefix: "troupe-e2e-", suffix: ".kubeconfig" });
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "proxied", cluster: { server: proxy.url } }],
      users: [{ name: "proxied", user: options.user ?? config.users[0]!.user }],
      contexts: [{ name: "proxied", context: { cluster: "proxied", user: "proxied" } }],
      "current-context": "proxied",
    }),
  );
  return {
    proxy,
    kubeconfig,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await Deno.remove(kubeconfig);
    },
  };
}
