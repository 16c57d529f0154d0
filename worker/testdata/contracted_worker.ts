// A worker with a contract and a key, which prints its port, and why somebody was not let in.
import { z } from "zod";
import { contract, KeyRing, newKey } from "../../messaging/mod.ts";
import { Worker } from "../mod.ts";

const keys = new KeyRing([newKey()]).toText();
const worker = await Worker.create({ name: "w", hostname: "127.0.0.1", port: 0, keys });
worker.implement(contract("echo", { echo: { input: z.string(), output: z.string() } }), {
  echo: (text) => text,
});
worker.onError((error) => console.log(`error ${error.message}`));
worker.onWorkerEvent(({ type, port }) => type === "started" && console.log(`port ${port}`));
await worker.start();
