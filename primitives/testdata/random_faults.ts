import type { Fault, ServedCall } from "./object_server.ts";

/** Faults at random: requests and answers are lost, come late, or are refused. */
export function randomFaults(
  random: () => number,
  { rate }: { rate: number },
): (call: ServedCall) => Fault | undefined {
  const faults: readonly Fault[] = ["lose request", "lose answer", { delay: 4_000 }, 429, 500, 503];
  return ({ method, watch }) => {
    if (random() >= rate) return undefined;
    const fault = faults[Math.floor(random() * faults.length)]!;
    const isWrite = method !== "GET" && !watch;
    return isWrite || typeof fault === "number" ? fault : "lose request";
  };
}
