import { Worker } from "@troupe/troupe";
import { chat } from "./contract.ts";

const worker = await Worker.create({ name: "chatter" });

worker.implement(chat, {
  // a caller's name is proven: nobody speaks for somebody else
  say({ text }, { caller, emit }) {
    emit("heard", { from: caller.name, text });
    return "Hi!";
  },
});

// who joins is greeted: from worker to worker, over a connection of their own
worker.onPeerEvent(async ({ type, name }) => {
  if (type === "left") return console.log(`${name} has left`);
  const answer = await worker.peers(chat).ask("say", { text: `Hello, ${name}!` }, {
    to: { worker: name },
  });
  console.log(`${name} says: ${answer}`);
});
await worker.start();
