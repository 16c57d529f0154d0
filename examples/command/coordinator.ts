import { commandContract, Coordinator, isMethodError } from "@troupe/troupe";

await using coordinator = await Coordinator.create({ name: "command-coordinator" });
const factor = await coordinator.run({
  name: "factor", // lives on: a line for each task
  image: "factor:1",
  replicas: 2,
  contract: commandContract,
});
const collatz = await coordinator.run({
  name: "collatz", // run anew for each task
  image: "collatz:1",
  contract: commandContract,
});
collatz.on("exited", ({ code }) => {
  if (code !== 0) console.log(`collatz has ended with exit code ${code}`);
});
const stopped = coordinator.start();

for await (const result of factor.map("run", [360, 1001, 99991], { ordered: true })) {
  console.log("factors:", result.ok ? JSON.stringify(result.output) : result.error.message);
}
for await (const result of collatz.map("run", [1, 27, "many"], { ordered: true })) {
  if (result.ok) console.log(`steps: ${result.output}`);
  else if (isMethodError(result.error, commandContract, "run", "exit")) {
    console.log(`failed: ${result.error.data.stderr}`);
  } else throw result.error;
}

await Promise.all([factor.delete(), collatz.delete()]);
await coordinator.stop();
await stopped;
