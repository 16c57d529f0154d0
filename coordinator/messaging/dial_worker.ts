/**
 * How a worker is reached: its pod directly, or through the API server's pod proxy from where pods have
 * no route. With TLS at a port of its own, and never without: who has no such port is not reached.
 */
import { podSocket, type SocketClient } from "../../kube/mod.ts";
import {
  clientMessageSocket,
  dialMessages,
  MAX_MESSAGE,
  MESSAGES_PATH,
  type MessageSocket,
  SUBPROTOCOL,
  type TlsTrust,
  type WorkerAddress,
} from "../../messaging/mod.ts";
import type { PodState } from "../events/events.ts";
import { TLS_PORT, WORKER_CONTAINER } from "../labels.ts";

/** The way to workers: directly, by the API server, or as fits where the coordinator runs. */
export type Via = "auto" | "direct" | "proxy";

/** What is needed to reach workers. */
export interface DialContext {
  readonly client: SocketClient;
  readonly via: Via;
  /** Whether the coordinator is a pod itself. */
  readonly inCluster: boolean;
  /** Whether workers are talked to by TLS. @default false */
  readonly tls?: boolean;
  /** By what they are known then; it is there when they are dialed. */
  readonly trust?: () => TlsTrust | undefined;
}

/** Where a pod hears messages; undefined as long as it has no address, or if it has no such port. */
export function addressOf(
  pod: PodState,
  { tls }: Pick<DialContext, "tls">,
): WorkerAddress | undefined {
  const port = tls ? tlsPortOf(pod) : pod.port;
  return pod.podIP !== undefined && port !== undefined ? { address: pod.podIP, port } : undefined;
}

function tlsPortOf({ source }: PodState): number | undefined {
  const worker = source.spec?.containers.find(({ name }) => name === WORKER_CONTAINER);
  return worker?.ports?.find(({ name }) => name === TLS_PORT)?.containerPort;
}

/** Opens a connection to a worker. */
export async function dialWorker(
  pod: PodState,
  context: DialContext,
  signal: AbortSignal,
): Promise<MessageSocket> {
  const { name, namespace } = pod;
  const { client, via, inCluster, tls = false, trust } = context;
  const where = addressOf(pod, context);
  if (where === undefined) {
    throw new Error(`Cannot reach pod "${name}": it has no address and port`);
  }
  const trusted = trust?.();
  if (tls && !trusted) throw new Error(`Cannot reach pod "${name}": there are no certificates yet`);
  const isDirect = via === "direct" || via === "auto" && (inCluster || isLoopback(where.address));
  if (isDirect) return await dialMessages(where, { signal, ...(tls && { tls: trusted }) });
  return clientMessageSocket(
    await podSocket(client, {
      namespace,
      name,
      port: where.port,
      scheme: tls ? "https" : "http",
      path: MESSAGES_PATH,
      protocols: [SUBPROTOCOL],
      signal,
      maxMessage: MAX_MESSAGE,
    }),
  );
}

/** Whether pods run on this machine: a cluster embedded in a process. */
function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
