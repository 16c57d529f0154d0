/**
 * Where the benchmarks run, in a namespace of their own: on the control plane that `KUBECONFIG` names, with its
 * etcd at `TROUPE_BENCH_ETCD`, or, if it names none, on an embedded API server in the same process.
 */
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { loadClusterConfig, plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";

/** Nothing is to wait for the budget. */
const BUDGET = { perSecond: 1e6, burst: 1e6 };

/** A cluster to measure on. */
export interface BenchCluster {
  readonly namespace: string;
  /** Of etcd's gateway, if it is known. */
  readonly etcd: string | undefined;
  /** A client of its own, as another process has it. */
  client(): Transport;
}

/** Makes the namespace. It stays: `deno bench` does not tell when all have run. */
export async function benchCluster(): Promise<BenchCluster> {
  const config = Deno.env.get("KUBECONFIG")
    ? await loadClusterConfig()
    : plainClusterConfig((await ApiServer.start()).url);
  const namespace = `troupe-bench-${crypto.randomUUID().slice(0, 8)}`;
  const client = () => new Transport(config, { budget: BUDGET });
  await using admin = client();
  await new CoreV1Api(admin).createNamespace({ metadata: { name: namespace } });
  return { namespace, etcd: Deno.env.get("TROUPE_BENCH_ETCD"), client };
}
