/**
 * Where a program in a pod listens, by its variable `POD_IP`: everywhere, and so also at the address
 * that `kubectl port-forward` asks. A pod of a local cluster shares its machine with others and has
 * a loopback address of its own, at which alone it listens.
 */
export function listenAddress(podIP: string | undefined): string {
  if (podIP === undefined) return "0.0.0.0";
  if (podIP.startsWith("127.") || podIP === "::1") return podIP;
  return podIP.includes(":") ? "::" : "0.0.0.0";
}
