import { Coordinator, isMethodError } from "@troupe/troupe";
import { greeter } from "./contract.ts";

await using coordinator = await Coordinator.create({ name: "greeter-coordinator" });
const greeters = await coordinator.run({
  name: "greeter",
  image: "greeter:1",
  replicas: 3,
  contract: greeter,
});
greeters.on("greeted", ({ times }, { worker }) => {
  console.log(`${worker.name} has greeted ${times === 1 ? "once" : `${times} times`}`);
});
const stopped = coordinator.start();

// one of the three; then all of them
console.log(await greeters.ask("greet", { name: "world" }, { timeout: 30_000 }));
await greeters.ready({ timeout: 30_000 });
for (const result of await greeters.askAll("greet", { name: "everybody" })) {
  if (result.ok) console.log(`${result.worker.name}: ${result.output}`);
}

// an answer in many parts, which come no faster than they are read
for await (const n of greeters.stream("countdown", { from: 3 })) console.log(`${n} …`);

// an error that the contract names is caught as it was thrown
try {
  await greeters.ask("greet", { name: "fool" });
} catch (error) {
  if (!isMethodError(error, greeter, "greet", "rude")) throw error;
  console.log(`refused: "${error.data.word}" is rude`);
}

await greeters.delete();
await coordinator.stop();
await stopped;
