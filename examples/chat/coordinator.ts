import { Coordinator } from "@troupe/troupe";
import { chat } from "./contract.ts";

const CHATTERS = 3;

await using coordinator = await Coordinator.create({ name: "chat-coordinator" });
const chatters = await coordinator.run({
  name: "chatter",
  image: "chatter:1",
  replicas: CHATTERS,
  contract: chat,
});

// it only listens; what is said does not pass here, and goes on when no coordinator is there
const pairs = new Set<string>();
const allHaveMet = Promise.withResolvers<void>();
chatters.on("heard", ({ from, text }, { worker }) => {
  console.log(`${from} to ${worker.name}: ${text}`);
  pairs.add(`${from} ${worker.name}`);
  if (pairs.size === CHATTERS * (CHATTERS - 1)) allHaveMet.resolve();
});
const stopped = coordinator.start();
await Promise.race([allHaveMet.promise, stopped]);

await chatters.delete();
await coordinator.stop();
await stopped;
