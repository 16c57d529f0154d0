import type { Fault, MemoryCall } from "./memory_api.ts";

/** Faults at random: requests and answers are lost, come late, or are refused. */
export function randomFaults(
  random: () => number,
  { rate }: { rate: number },
): (call: MemoryCall) => Fault | undefined {
  const faults: readonly Fault[] = ["lose request", "lose answer", { late: 4_000 }, 429, 500, 503];
  return ({ method, watch }) => {
    if (random() >= rate) return undefined;
    const fault = faults[Math.floor(random() * faults.length)]!;
    const isWrite = method !== "GET" && !watch;
    return isWrite || typeof fault === "number" ? fault : "lose request";
  };
}
