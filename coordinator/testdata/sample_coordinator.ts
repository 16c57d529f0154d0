// The design's program, to the letter.
// deno-fmt-ignore-file
import { Coordinator } from "@troupe/troupe";

await using coordinator = await Coordinator.create({ name: "greeter-supervisor" });

coordinator.onDeploymentEvent((e) => {
  if (e.ready) console.log(`deployment ${e.name} is ready`);
});
coordinator.onPodEvent(async (e) => {
  if (!e.running) return;
  const res = await fetch(`http://${e.podIP}:${e.port}/`);
  console.log(await res.text());                    // Hello, world!
});

await coordinator.run({ name: "worker", image: "worker:latest", replicas: 1, port: 8086 });
await coordinator.start();                          // until SIGTERM, or the signal aborts
