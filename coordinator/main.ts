/**
 * The greeter's supervisor: runs workers, and greets each one that runs.
 *
 * @module
 */
import { z } from "zod";
import { listenAddress, namespaceName, onStopSignal, runProgram } from "../runtime/mod.ts";
import { Coordinator, type CoordinatorEvent, type DeploymentEvent, type PodEvent } from "./mod.ts";

/** How long a worker may take to answer a greeting, in milliseconds. */
const GREETING_TIMEOUT = 5_000;

const program = {
  name: "supervisor",
  summary: "The greeter's supervisor: runs workers and greets each one that runs.",
  flags: {
    namespace: {
      schema: namespaceName,
      default: "default",
      value: "NAME",
      help: "namespace to run the workers in",
    },
    "worker-image": {
      schema: z.string().regex(/^\S+$/).describe("an image reference"),
      default: "worker:latest",
      value: "IMAGE",
      help: "container image of the worker",
    },
    replicas: {
      schema: z.string().regex(/^\d{1,6}$/).transform(Number).describe("an integer, 0 or more"),
      default: "1",
      value: "N",
      help: "how many workers to run",
    },
    election: {
      schema: z.enum(["", "true", "false"]).transform((text) => text !== "false")
        .describe("nothing, true or false"),
      default: "false",
      value: "[BOOL]",
      help: "whether this is one of several replicas, of which one leads",
    },
    "health-port": {
      schema: z.string().regex(/^\d{1,5}$/).transform(Number).describe("a port"),
      value: "PORT",
      help: "where to answer /livez, /readyz and /metrics (default: nowhere)",
    },
    kubeconfig: {
      schema: z.string().min(1).describe("the path of a file"),
      value: "PATH",
      help: "kubeconfig to use (default: KUBECONFIG, ~/.kube/config, the pod's service account)",
    },
  },
};

/** An image without a registry is one that was built or loaded here: pulling it would fail. */
function pullPolicy(image: string): "IfNotPresent" | undefined {
  return image.includes("/") ? undefined : "IfNotPresent";
}

function describeSelf(e: CoordinatorEvent): string {
  if (e.type === "leading") return `supervisor leads with token ${e.token}`;
  if (e.type === "following") return `supervisor follows ${e.leader ?? "nobody yet"}`;
  if (e.type === "lost") return `supervisor leads no more: ${e.reason.message}`;
  return `supervisor ${e.type}`;
}

function describeDeployment(e: DeploymentEvent): string {
  const what = `deployment ${e.name}`;
  if (e.type === "deleted") return `${what} is deleted`;
  if (e.ready) return `${what} is ready`;
  return `${what} has ${e.readyReplicas} of ${e.replicas} workers ready`;
}

function describePod(e: PodEvent): string {
  const what = `pod ${e.name}`;
  if (e.type === "deleted") return `${what} is deleted`;
  if (e.running) return `${what} is running at ${e.podIP}:${e.port}`;
  return `${what} is ${[e.phase, e.reason].filter(Boolean).join(", ")}`;
}

async function greet(e: PodEvent): Promise<string> {
  const signal = AbortSignal.timeout(GREETING_TIMEOUT);
  const response = await fetch(`http://${e.podIP}:${e.port}/`, { signal });
  return `pod ${e.name} says: ${(await response.text()).trim()}`;
}

if (import.meta.main) {
  await runProgram(program, async (flags) => {
    const { namespace, kubeconfig, replicas, election, "worker-image": image } = flags;
    const port = flags["health-port"];
    await using coordinator = await Coordinator.create({
      name: "greeter-supervisor",
      namespace,
      kubeconfig,
      election,
      kinds: ["Deployment"],
      ...(port === undefined
        ? {}
        : { health: { port, hostname: listenAddress(Deno.env.get("POD_IP")) } }),
    });
    coordinator.onError((e) => console.error(`supervisor: ${e.message}`));
    coordinator.onCoordinatorEvent((e) => console.log(describeSelf(e)));
    coordinator.onDeploymentEvent((e) => console.log(describeDeployment(e)));
    coordinator.onPodEvent(async (e) => {
      console.log(describePod(e));
      if (e.running) console.log(await greet(e));
    });
    // `start` hears SIGTERM too; here it must end a `run` that waits for the API server
    const stopped = new AbortController();
    using _signals = onStopSignal(() => {
      stopped.abort();
      void coordinator.stop();
    });
    try {
      const imagePullPolicy = pullPolicy(image);
      await coordinator.run({ name: "worker", image, imagePullPolicy, port: 8086, replicas });
      const done = coordinator.health.leading ? "launched" : "declared";
      console.log(`${done} worker: ${replicas} of ${image} in namespace ${namespace}`);
      await coordinator.start();
    } catch (e) {
      if (!stopped.signal.aborted) throw e;
    }
  });
}
