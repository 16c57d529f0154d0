/**
 * A worker that an API server's pod proxy reaches: a real API server reaches no pod on loopback, so this
 * one is a process at the machine's own address, and a pod that no node runs tells where it is.
 */
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { OWN_NODES, type TestCluster } from "./cluster.ts";
import { type Running, startProgram } from "./greeter.ts";
import { until } from "./until.ts";

/** The machine's own address, if it has one that is not loopback. */
const ADDRESS: string | undefined = Deno.networkInterfaces()
  .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address;

/** Why there can be no such worker; empty if there can. */
export const WHY_NONE: string = OWN_NODES
  ? " (skipped: the cluster's nodes may not reach this machine)"
  : ADDRESS === undefined
  ? " (skipped: this machine has no address but loopback)"
  : "";

/** A worker's process, and the pod that stands for it. */
export interface MachinePod extends AsyncDisposable {
  readonly name: string;
  readonly process: Running;
  /** Deletes the pod. */
  remove(): Promise<void>;
}

/** Options of {@linkcode startMachinePod}. */
export interface MachinePodOptions {
  /** The worker's program. */
  program: URL;
  coordinator: string;
  workload: string;
  /** Whether it hears messages by TLS. */
  tls: boolean;
}

/** Starts it, once its coordinator has stored what it needs. */
export async function startMachinePod(
  { admin, namespace }: TestCluster,
  { program, coordinator, workload, tls }: MachinePodOptions,
): Promise<MachinePod> {
  await using stack = new AsyncDisposableStack();
  const core = new CoreV1Api(admin).namespace(namespace);
  const read = async (secret: string, key: string) => {
    const name = `troupe-${coordinator}-${secret}`;
    const { data } = await until(name, () => core.getSecret(name).catch(() => undefined));
    return atob(data![key]!);
  };
  const name = `${workload}-${crypto.randomUUID().slice(0, 8)}`;
  const [port, tlsPort] = freePorts();
  const process = stack.use(
    startProgram(
      [Deno.execPath(), "run", "--quiet", "--no-check", "-A", program.pathname],
      {
        POD_NAME: name,
        POD_IP: ADDRESS!,
        TROUPE_PORT: String(port),
        TROUPE_COORDINATOR: coordinator,
        TROUPE_KEYS: await read("key", "keys"),
        ...(tls && {
          TROUPE_TLS_PORT: String(tlsPort),
          TROUPE_TLS_CERT: await read("tls", "tls.crt"),
          TROUPE_TLS_KEY: await read("tls", "tls.key"),
          TROUPE_TLS_CA: await read("tls", "ca.crt"),
        }),
      },
    ),
  );
  await process.printed(/listens at/);
  await until("the namespace's service account", () =>
    core.createPod({
      metadata: {
        name,
        labels: { "troupe.dev/coordinator": coordinator, "troupe.dev/workload": workload },
      },
      spec: {
        schedulerName: "nobody",
        terminationGracePeriodSeconds: 0,
        containers: [{
          name: "worker",
          image: "none",
          ports: [
            { name: "main", containerPort: port },
            ...(tls ? [{ name: "troupe-tls", containerPort: tlsPort }] : []),
          ],
        }],
      },
    }).catch((error) => {
      if (!/service account/.test(error.message)) throw error;
      return false as const;
    }));
  await core.patchPodStatus(name, "json-merge", {
    status: {
      phase: "Running",
      podIP: ADDRESS!,
      podIPs: [{ ip: ADDRESS! }],
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{
        name: "worker",
        image: "none",
        imageID: "",
        ready: true,
        restartCount: 0,
        state: { running: {} },
      }],
    },
  });
  const remove = async () => {
    await core.deletePod(name, { gracePeriodSeconds: 0 });
  };
  const moved = stack.move();
  return { name, process, remove, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** Ports that nobody listens at, and that a system does not hand out at once again. */
function freePorts(): [number, number] {
  using one = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  using other = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  return [one.addr.port, other.addr.port];
}
