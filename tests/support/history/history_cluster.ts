import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { loadClusterConfig, Transport } from "../../../kube/mod.ts";
import { REAL } from "../cluster.ts";
import { startProgram } from "../greeter.ts";
import { type Proxied, startProxied } from "../proxied.ts";

/** Something that the control plane consists of, and what can be done to it. */
export interface ServerProcess {
  readonly name: string;
  /** The present process. */
  pid(): number;
  /** Kills it. Undefined if it would forget what it has stored. */
  readonly kill?: () => Promise<void>;
  /** Starts it again. */
  readonly revive?: () => Promise<void>;
}

/** An API server whose processes can be struck, a proxy before it, and a namespace in it. */
export interface HistoryCluster extends AsyncDisposable, Pick<Proxied, "proxy" | "kubeconfig"> {
  readonly namespace: string;
  /** The kubeconfig that does not lead through the proxy. */
  readonly direct: string;
  /** Those that may be struck. */
  readonly servers: readonly ServerProcess[];
}

/**
 * Starts the embedded API server, or joins the one of `KUBECONFIG`. That one's processes are struck only if
 * `TROUPE_TEST_CONTROL_PLANE` and `TROUPE_TEST_CONTROL_PLANE_DIR` say how they are started again.
 */
export async function startHistoryCluster(): Promise<HistoryCluster> {
  await using stack = new AsyncDisposableStack();
  const { kubeconfig: direct, servers } = REAL ? realServers() : await startEmbedded(stack);
  const { proxy, kubeconfig } = stack.use(await startProxied({ kubeconfig: direct }));
  const config = await loadClusterConfig({ kubeconfig: direct });
  const admin = stack.use(new Transport(config));
  const namespace = `troupe-history-${crypto.randomUUID().slice(0, 8)}`;
  await new CoreV1Api(admin).createNamespace({ metadata: { name: namespace } });
  stack.defer(async () => void await new CoreV1Api(admin).deleteNamespace(namespace));
  const moved = stack.move();
  return {
    proxy,
    kubeconfig,
    namespace,
    direct,
    servers,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

interface Servers {
  kubeconfig: string;
  servers: ServerProcess[];
}

async function startEmbedded(stack: AsyncDisposableStack): Promise<Servers> {
  const program = new URL("history_server.ts", import.meta.url).pathname;
  const flags = ["run", "--quiet", "--no-prompt", "--no-check", "-A"];
  const server = stack.use(startProgram([Deno.execPath(), ...flags, program]));
  const [url] = await server.printed(/http:\S+/, { timeout: 60_000 });
  const kubeconfig = await Deno.makeTempFile({ prefix: "troupe-history-", suffix: ".kubeconfig" });
  stack.defer(() => Deno.remove(kubeconfig));
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "local", cluster: { server: url } }],
      users: [{ name: "local", user: {} }],
      contexts: [{ name: "local", context: { cluster: "local", user: "local" } }],
      "current-context": "local",
    }),
  );
  // its memory is its store: it is never killed
  return { kubeconfig, servers: [{ name: "API server", pid: () => server.pid }] };
}

function realServers(): Servers {
  const kubeconfig = Deno.env.get("KUBECONFIG");
  if (!kubeconfig) throw new Error("Cannot test on a real cluster: KUBECONFIG is not set");
  const program = Deno.env.get("TROUPE_TEST_CONTROL_PLANE");
  const dir = Deno.env.get("TROUPE_TEST_CONTROL_PLANE_DIR");
  if (!program || !dir) return { kubeconfig, servers: [] };
  async function order(...args: string[]): Promise<void> {
    const command = new Deno.Command(program!, { args, stdout: "null", stderr: "null" });
    const { success } = await command.output();
    if (!success) throw new Error(`Cannot ${args[0]} ${args[2]} of the control plane in "${dir}"`);
  }
  const servers = ["kube-apiserver", "etcd"].map((name) => ({
    name,
    pid: () => Number(Deno.readTextFileSync(`${dir}/${name}.pid`)),
    kill: () => order("kill", dir, name),
    revive: () => order("revive", dir, name),
  }));
  return { kubeconfig, servers };
}
