/**
 * How a worker is reached: its pod directly, or through the API server's pod proxy from where pods have
 * no route.
 */
import { podSocket, type SocketClient } from "../../kube/mod.ts";
import {
  clientMessageSocket,
  dialMessages,
  MAX_MESSAGE,
  MESSAGES_PATH,
  type MessageSocket,
  SUBPROTOCOL,
} from "../../messaging/mod.ts";
import type { PodState } from "../events/events.ts";

/** The way to workers: directly, by the API server, or as fits where the coordinator runs. */
export type Via = "auto" | "direct" | "proxy";

/** What is needed to reach workers. */
export interface DialContext {
  readonly client: SocketClient;
  readonly via: Via;
  /** Whether the coordinator is a pod itself. */
  readonly inCluster: boolean;
}

/** Whether a pod has an address, and so can be dialed. */
export function isReachable({ podIP, port }: PodState): boolean {
  return podIP !== undefined && port !== undefined;
}

/** Opens a connection to a worker. */
export async function dialWorker(
  { name, namespace, podIP, port }: PodState,
  { client, via, inCluster }: DialContext,
  signal: AbortSignal,
): Promise<MessageSocket> {
  if (podIP === undefined || port === undefined) {
    throw new Error(`Cannot reach pod "${name}": it has no address and port`);
  }
  const isDirect = via === "direct" || via === "auto" && (inCluster || isLoopback(podIP));
  if (isDirect) return await dialMessages({ address: podIP, port }, { signal });
  return clientMessageSocket(
    await podSocket(client, {
      namespace,
      name,
      port,
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
