/**
 * A replica of the talkers' coordinator as a process, for tests that pause it. It says what becomes of a
 * call that it has begun as the leader. Its one argument is where it runs, as JSON.
 */
import { Coordinator } from "../../coordinator/mod.ts";
import { talker } from "./talker.ts";
import { until } from "./until.ts";

/** What it is told. */
export interface AskingLeaderConfig {
  kubeconfig: string;
  namespace: string;
}

/** A replica of the talkers' coordinator. */
export async function createReplica(
  { kubeconfig, namespace }: AskingLeaderConfig,
): Promise<Coordinator> {
  const coordinator = await Coordinator.create({
    name: "boss",
    kubeconfig,
    namespace,
    kinds: ["Deployment"],
    election: { leaseDuration: 2_000 },
  });
  coordinator.onError(() => {}); // connections break as leaders come and go
  return coordinator;
}

if (import.meta.main) {
  await using coordinator = await createReplica(JSON.parse(Deno.args[0]!) as AskingLeaderConfig);
  const running = coordinator.start();
  const talkers = await coordinator.run({
    name: "talker",
    image: "talker:1",
    contract: talker,
    grace: 10_000,
  });
  await talkers.ready({ timeout: 60_000 });
  const asked = talkers.ask("wait", { ms: 600_000 }, { timeout: 600_000 });
  await until("it runs", () => talkers.workers.some(({ inFlight }) => inFlight > 0));
  console.log("it runs");
  await asked.catch((error) => console.log(`rejected: ${error.name}`));
  await talkers.ask("greet", { name: "late" }).catch((e) => console.log(`refused: ${e.name}`));
  await running;
}
