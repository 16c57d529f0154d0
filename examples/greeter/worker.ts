import { methodError, Worker } from "@troupe/troupe";
import { greeter } from "./contract.ts";

const worker = await Worker.create({ name: "greeter" });
let times = 0;

worker.implement(greeter, {
  greet({ name }, { emit }) {
    if (name === "fool") throw methodError(greeter, "greet", "rude", { word: name });
    emit("greeted", { times: ++times });
    return `Hello, ${name}!`;
  },
  async *countdown({ from }) {
    for (let n = from; n > 0; n--) yield n;
  },
});
await worker.start(); // until SIGTERM
